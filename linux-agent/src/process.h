// Runs a program with a time limit and keeps what it says.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace dvx::agent {

struct ProcessResult {
  /** Exit status; -1: ended by a signal or not startable. */
  int exit = -1;
  bool timedOut = false;
  std::int64_t millis = 0;
  /** Output and errors together, the first `maxOutput` bytes. */
  std::string output;
};

/** In a process group of its own, standard input empty, environment small; with everything it started in that group
 * it is killed after the limit or once `cancelled()`. */
ProcessResult runProcess(const std::vector<std::string>& command, const std::vector<std::string>& environment,
                         std::int64_t limitMillis, std::size_t maxOutput, const std::function<bool()>& cancelled);

}  // namespace dvx::agent
