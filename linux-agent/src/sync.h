// A sync with an end.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace dvx::agent {

enum class SyncResult { kDone, kTimeout, kCancelled, kFailed };

/** syncfs of each, all at once. A syncfs that does not come back is left behind on its thread: it holds nothing but
 * a descriptor of its own. */
SyncResult syncFileSystems(const std::vector<int>& mounts, std::int64_t limitMillis,
                           const std::function<bool()>& cancelled, std::string& error);

}  // namespace dvx::agent
