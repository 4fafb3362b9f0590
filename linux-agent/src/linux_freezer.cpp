#include "linux_freezer.h"

#include "freeze_run.h"

namespace dvx::agent {

LinuxFreezer::LinuxFreezer(LinuxFreezerOptions options) : options_(std::move(options)) {}

LinuxFreezer::~LinuxFreezer() {
  release(Released::kAbort);
  if (thread_.joinable()) {
    thread_.join();
  }
}

void LinuxFreezer::prepare(const Prepare& request, std::uint64_t ticket, FreezerEvents& events) {
  // The state machine asks only after the end of the last one: its thread has nothing left to do.
  if (thread_.joinable()) {
    thread_.join();
  }
  run_ = std::make_shared<FreezeRun>(options_, request, ticket, events);
  thread_ = std::thread([run = run_] { run->run(); });
}

void LinuxFreezer::freeze(std::int64_t limitMillis) {
  if (run_) {
    run_->go(limitMillis);
  }
}

void LinuxFreezer::release(Released reason) {
  if (run_) {
    run_->letGo(reason);
  }
}

}  // namespace dvx::agent
