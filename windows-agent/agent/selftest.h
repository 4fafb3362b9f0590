// One freeze without a coordinator: what an administrator runs after installing.
#pragma once

#include "settings.h"

namespace dvx {

struct SelftestOptions {
  /** How long to hold before the release. */
  DWORD holdMillis = 50;
  /** Never release: the provider's own limit must do it. */
  bool deadman = false;
  bool application = true;
  DWORD holdLimitMillis = 8000;
  /** Where the writers' documents go; empty: nowhere. */
  std::wstring documents;
};

/** Prints what happened; true when it was as it should be. */
bool runSelftest(const Settings& settings, const SelftestOptions& options);

}  // namespace dvx
