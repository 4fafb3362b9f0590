// Installing: an ordered list of steps, each of which looks before it does.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "catalog.h"
#include "settings.h"

namespace dvx {

constexpr wchar_t kServiceName[] = L"DvxAgent";
constexpr wchar_t kServiceTitle[] = L"OpenDVX Guest Agent";

struct InstallStep {
  /** For people and for `status`. */
  const char* name;
  std::function<Presence(std::string&)> query;
  /** Brings about kPresent from whatever is there. */
  std::function<bool(std::string&)> apply;
  /** Brings about kAbsent from whatever is there. */
  std::function<bool(std::string&)> remove;
};

/** In the order of installing; uninstalling goes backwards. */
std::vector<InstallStep> installSteps(const Paths& paths, const std::wstring& folder);

struct InstallResult {
  bool done = false;
  std::string error;
};

/**
 * Applies every step that is not as it should be. `stopAfter` ends the process after so many steps
 * (a test's way to interrupt; 0: never).
 */
InstallResult install(const Paths& paths, unsigned stopAfter);

InstallResult uninstall(const Paths& paths, unsigned stopAfter);

/** One line a step: `present`, `different` or `absent`. */
std::string installState(const Paths& paths);

bool startService(std::string& error);
bool stopService(std::string& error);

}  // namespace dvx
