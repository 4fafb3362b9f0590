// The agent's configuration file: "key = value" lines, '#' comments.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "platform.h"

namespace dvx::agent {

struct Config {
  /** Overrides the server of the enrolment; empty host: none. */
  Endpoint server;
  /** For each hook script. */
  std::int64_t hookLimitMillis = 30 * 1000;
  /** For the sync before the freeze. */
  std::int64_t syncLimitMillis = 30 * 1000;
  /** Before the second attempt to connect; doubled for each further one, up to the longest. */
  std::int64_t reconnectMillis = 1000;
  std::int64_t reconnectLongestMillis = 60 * 1000;
  /** The operator says that the pre-freeze hooks quiesce every application: only then APPLICATION may be reached
   * where there are no VSS writers. */
  bool hooksQuiesceApplications = false;
  /** Keys that begin with the platform's prefix ("linux." or "windows."), prefix taken off. */
  std::map<std::string, std::string> platform;
};

/** Strict: an unknown key, a key that stands twice, a value out of bounds is an error with its line. */
bool parseConfig(const std::string& text, const std::string& platformPrefix, Config& config, std::string& error);

/** HOST:PORT, [IPv6]:PORT or HOST (the default port). */
bool parseEndpoint(const std::string& text, Endpoint& endpoint);

std::string toText(const Endpoint& endpoint);

}  // namespace dvx::agent
