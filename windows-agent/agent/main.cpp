// dvx-agent.exe: the command line.
#include <windows.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>

#include "daemon.h"
#include "installer.h"
#include "requester.h"
#include "selftest.h"
#include "text.h"

namespace {

constexpr char kUsage[] =
    "usage: dvx-agent COMMAND\n"
    "  install [--no-start]       register provider, event source and service; repairs what is half there\n"
    "  repair                     the same, and start the service anew\n"
    "  stop                       end the service and the provider, so that their files can be replaced\n"
    "  uninstall                  remove all of it, keys and settings included\n"
    "  status                     what is installed\n"
    "  enroll --server HOST:PORT  make this guest known to a coordinator, with a one-time token from\n"
    "         --token-file FILE | --token-stdin | --token TEXT (seen by others in the process list)\n"
    "  selftest [--hold MS] [--deadman] [--hold-limit MS] [--file-system] [--documents FILE]\n"
    "                             freeze and release this guest once, without a coordinator\n"
    "  run                        the agent in this console, until Ctrl+C\n"
    "  version\n"
    "exit code: 0 done, 1 failed, 2 wrong usage\n";

/** Options that may stand with a command; true: they take a value. */
using Allowed = std::map<std::string, bool>;

struct Arguments {
  bool good = true;
  std::map<std::string, std::string> values;
  bool has(const std::string& name) const { return values.count(name) != 0; }
  std::string get(const std::string& name) const {
    auto found = values.find(name);
    return found == values.end() ? std::string() : found->second;
  }
};

Arguments parse(int count, wchar_t** texts, const Allowed& allowed) {
  Arguments out;
  for (int i = 2; i < count; i++) {
    std::string name = dvx::toUtf8(texts[i]);
    auto option = allowed.find(name);
    if (option == allowed.end() || (option->second && i + 1 >= count)) {
      out.good = false;
      return out;
    }
    out.values[name] = option->second ? dvx::toUtf8(texts[++i]) : std::string();
  }
  return out;
}

int report(bool done, const std::string& error) {
  if (!done) {
    fprintf(stderr, "dvx-agent: %s\n", error.c_str());
  }
  return done ? 0 : 1;
}

/** A test's way to interrupt an installation or its removal; see windows-agent/test. */
unsigned stopAfter() {
  wchar_t text[16];
  DWORD length = GetEnvironmentVariableW(L"DVX_INSTALL_STOP_AFTER", text, 16);
  return length == 0 || length >= 16 ? 0 : static_cast<unsigned>(_wtoi(text));
}

int install(const dvx::Paths& paths, bool start, bool restart) {
  std::string error;
  if (restart && !dvx::stopService(error)) {
    return report(false, error);
  }
  dvx::InstallResult result = dvx::install(paths, stopAfter());
  if (!result.done) {
    return report(false, result.error + "\n  run `dvx-agent repair` once the cause is removed");
  }
  return report(!start || dvx::startService(error), error);
}

bool readToken(const Arguments& arguments, std::string& token) {
  if (arguments.has("--token")) {
    token = arguments.get("--token");
    return true;
  }
  if (arguments.has("--token-file")) {
    return dvx::readFile(dvx::toWide(arguments.get("--token-file")), 4096, token);
  }
  char line[1024] = {};
  bool got = fgets(line, sizeof line, stdin) != nullptr;
  token = line;
  SecureZeroMemory(line, sizeof line);
  return got;
}

int enroll(const dvx::Paths& paths, const Arguments& arguments) {
  int ways = arguments.has("--token") + arguments.has("--token-file") + arguments.has("--token-stdin");
  if (!arguments.good || !arguments.has("--server") || ways != 1) {
    fputs(kUsage, stderr);
    return 2;
  }
  std::string token, error;
  if (!readToken(arguments, token)) {
    return report(false, "the token cannot be read");
  }
  bool done = dvx::enrollOnce(paths, arguments.get("--server"), token, error);
  if (done) {
    printf("enrolled at %s\n", arguments.get("--server").c_str());
  }
  return report(done, error);
}

bool number(const Arguments& arguments, const char* name, DWORD most, DWORD& out) {
  if (!arguments.has(name)) {
    return true;
  }
  std::string text = arguments.get(name);
  if (text.empty() || text.size() > 6 || text.find_first_not_of("0123456789") != std::string::npos) {
    return false;
  }
  out = static_cast<DWORD>(strtoul(text.c_str(), nullptr, 10));
  return out <= most;
}

int selftest(const dvx::Paths& paths, const Arguments& arguments) {
  dvx::SelftestOptions options;
  if (!arguments.good || !number(arguments, "--hold", 60000, options.holdMillis) ||
      !number(arguments, "--hold-limit", 8000, options.holdLimitMillis)) {
    fputs(kUsage, stderr);
    return 2;
  }
  options.deadman = arguments.has("--deadman");
  options.application = !arguments.has("--file-system");
  options.documents = dvx::toWide(arguments.get("--documents"));
  dvx::Settings settings;
  std::string error;
  if (!dvx::loadSettings(paths, settings, error)) {
    return report(false, error);
  }
  HRESULT com = dvx::initializeCom();
  if (FAILED(com)) {
    return report(false, "COM cannot be used: " + dvx::systemMessage(static_cast<DWORD>(com)));
  }
  return dvx::runSelftest(settings, options) ? 0 : 1;
}

}  // namespace

int wmain(int count, wchar_t** texts) {
  dvx::Paths paths = dvx::Paths::standard();
  std::string command = count > 1 ? dvx::toUtf8(texts[1]) : std::string();
  if (command == "service") {
    return dvx::runAsService(paths);
  }
  CoInitializeEx(nullptr, COINIT_MULTITHREADED);
  if (command == "install") {
    Arguments arguments = parse(count, texts, {{"--no-start", false}});
    if (arguments.good) {
      return install(paths, !arguments.has("--no-start"), false);
    }
  } else if (command == "repair" && count == 2) {
    return install(paths, true, true);
  } else if (command == "stop" && count == 2) {
    std::string error;
    bool done = dvx::stopService(error);
    dvx::ComApplication::shutDown();
    return report(done, error);
  } else if (command == "uninstall" && count == 2) {
    dvx::InstallResult result = dvx::uninstall(paths, stopAfter());
    return report(result.done, result.error);
  } else if (command == "status" && count == 2) {
    std::string state = dvx::installState(paths);
    fputs(state.c_str(), stdout);
    return state.find(": absent") == std::string::npos &&
                   state.find(": different") == std::string::npos
               ? 0
               : 1;
  } else if (command == "enroll") {
    return enroll(paths, parse(count, texts,
                               {{"--server", true},
                                {"--token", true},
                                {"--token-file", true},
                                {"--token-stdin", false}}));
  } else if (command == "selftest") {
    return selftest(paths, parse(count, texts,
                                 {{"--hold", true},
                                  {"--hold-limit", true},
                                  {"--deadman", false},
                                  {"--file-system", false},
                                  {"--documents", true}}));
  } else if (command == "run" && count == 2) {
    return dvx::runInConsole(paths);
  } else if (command == "version" && count == 2) {
    printf("%s\n", dvx::kAgentVersion);
    return 0;
  }
  fputs(kUsage, stderr);
  return 2;
}
