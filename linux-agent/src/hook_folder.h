// The hook scripts of /etc/dvx-agent.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "hooks.h"

namespace dvx::agent {

/** Runs `FOLDER/pre-freeze.d/NAME` and `FOLDER/post-thaw.d/NAME`. */
class HookFolder : public HookRunner {
 public:
  HookFolder(std::string folder, std::string session, std::function<bool()> cancelled)
      : folder_(std::move(folder)), session_(std::move(session)), cancelled_(std::move(cancelled)) {}

  std::vector<std::string> list(const std::string& phase, std::vector<std::string>& refused) override;
  HookResult run(const std::string& path, const std::string& phase, std::int64_t limitMillis) override;
  bool cancelled() override { return cancelled_(); }

 private:
  std::string folder_;
  std::string session_;
  std::function<bool()> cancelled_;
};

}  // namespace dvx::agent
