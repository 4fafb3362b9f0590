// What this guest says of itself.
#pragma once

#include "../common/platform.h"
#include "settings.h"

namespace dvx {

class WindowsMachine final : public agent::Machine {
 public:
  explicit WindowsMachine(std::wstring vmtoolsd) : vmtoolsd_(std::move(vmtoolsd)) {}
  agent::MachineInfo describe() override;
  std::string readNonce(const std::string& property) override;

 private:
  std::wstring vmtoolsd_;
};

/** The UUID of a raw SMBIOS table as its bytes stand, hex; empty without one. */
std::string smbiosUuid(const std::string& table);

/** QueryPerformanceCounter, like every hold time. */
class WindowsClock final : public agent::Clock {
 public:
  std::int64_t nowMillis() override;
};

}  // namespace dvx
