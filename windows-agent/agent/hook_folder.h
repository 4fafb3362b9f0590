// The scripts of pre-freeze.d and post-thaw.d.
#pragma once

#include <functional>

#include "../common/hooks.h"
#include "settings.h"

namespace dvx {

/** .cmd, .bat, .exe and .ps1 files, in the order of their names. */
class HookFolder final : public agent::HookRunner {
 public:
  HookFolder(const Paths& paths, std::function<bool()> cancelled)
      : paths_(paths), cancelled_(std::move(cancelled)) {}

  std::vector<std::string> list(const std::string& phase,
                                std::vector<std::string>& refused) override;
  agent::HookResult run(const std::string& path, const std::string& phase,
                        std::int64_t limitMillis) override;
  bool cancelled() override { return cancelled_(); }

 private:
  Paths paths_;
  std::function<bool()> cancelled_;
};

/** True when SYSTEM, the administrators or this account own the file or folder. */
bool ownerTrusted(const std::wstring& path);

/** True when the access list lets anyone write the file but SYSTEM, administrators and this account. */
bool othersMayWrite(const std::wstring& path);

}  // namespace dvx
