#include "hooks.h"

#include "bounds.h"
#include "text.h"

namespace dvx::agent {
namespace {

void fail(HookOutcome& outcome, const std::string& reason) {
  outcome.succeeded = false;
  if (outcome.reason.empty()) {
    outcome.reason = reason;
  }
}

std::string fileName(const std::string& path) {
  std::size_t slash = path.find_last_of("/\\");
  return slash == std::string::npos ? path : path.substr(slash + 1);
}

}  // namespace

HookOutcome runHooks(HookRunner& runner, const std::string& phase, std::int64_t limitMillis) {
  HookOutcome outcome;
  bool before = phase == kPreFreeze;
  std::vector<std::string> refused;
  std::vector<std::string> paths = runner.list(phase, refused);
  for (const std::string& one : refused) {
    fail(outcome, "The " + phase + " script " + fileName(one) + " was not run: others than the system may change it.");
  }
  if (paths.size() > kMaxHooks) {
    fail(outcome, "There are more than " + std::to_string(kMaxHooks) + " " + phase + " scripts.");
  }
  if (before && !outcome.succeeded) {
    return outcome;
  }
  for (const std::string& path : paths) {
    if (before && runner.cancelled()) {
      fail(outcome, "The freeze was called off.");
      break;
    }
    if (outcome.results.size() == kMaxHooks) {
      break;
    }
    HookResult result = runner.run(path, phase, limitMillis);
    result.name = clipText(fileName(path), 256);
    result.phase = phase;
    result.output = clipText(result.output, kMaxHookOutputChars);
    outcome.results.push_back(result);
    if (result.exit != 0) {
      fail(outcome, "The " + phase + " script " + result.name + " ended with " + std::to_string(result.exit) + ".");
      if (before) {
        break;
      }
    }
  }
  return outcome;
}

}  // namespace dvx::agent
