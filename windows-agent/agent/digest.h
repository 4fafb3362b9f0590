// SHA-256 by Windows' own cryptography.
#pragma once

#include <string>

namespace dvx {

/** Lower case hex; empty when Windows refuses. */
std::string sha256Hex(const std::string& bytes);

}  // namespace dvx
