// The commands besides run.
#pragma once

#include <string>
#include <vector>

#include "linux_freezer.h"
#include "settings.h"

namespace dvx::agent {

constexpr int kDone = 0;
constexpr int kFailed = 1;
constexpr int kWrongUsage = 2;

/** Tells an error in its parts on standard error; gives kFailed. */
int fail(const std::string& what, const std::string& cause, const std::string& remedy);

struct EnrollArguments {
  std::string server;
  std::string token;
  /** - is standard input. */
  std::string tokenFile;
};

bool parseEnroll(const std::vector<std::string>& arguments, EnrollArguments& parsed);
bool readToken(const std::string& file, std::string& token, std::string& error);

LinuxFreezerOptions freezerOptions(const Settings& settings);

/** Checks what a freeze needs; with `freeze` it freezes and thaws at once. */
int selftest(const Settings& settings, bool freeze);
int thaw(const Settings& settings);
int status(const Settings& settings);

/** The last session's report, kept over restarts. */
class LastReport {
 public:
  explicit LastReport(std::string folder) : path_(std::move(folder) + "/last-report.json") {}
  bool keep(const std::string& session, const std::string& report, std::string& error);
  /** The session that it is about, or empty. */
  std::string session() const;
  std::string text() const;

 private:
  std::string path_;
};

}  // namespace dvx::agent
