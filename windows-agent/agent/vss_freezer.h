// A freeze on Windows: hooks, the VSS requester, and what the coordinator learns of it.
#pragma once

#include <memory>
#include <mutex>
#include <thread>

#include "../common/freezer.h"
#include "requester.h"
#include "settings.h"

namespace dvx {

class VssFreezer final : public agent::Freezer {
 public:
  VssFreezer(Paths paths, Settings settings);
  ~VssFreezer() override;

  void prepare(const agent::Prepare& request, std::uint64_t ticket,
               agent::FreezerEvents& events) override;
  void freeze(std::int64_t limitMillis) override;
  void release(agent::Released reason) override;

 private:
  class Run;
  Paths paths_;
  Settings settings_;
  std::mutex mutex_;
  std::shared_ptr<Run> run_;
  std::thread thread_;
};

/** Windows itself, or the list of the settings. */
std::unique_ptr<VolumeSource> volumeSource(const Settings& settings);

std::vector<agent::Writer> protocolWriters(const std::vector<WriterStatus>& writers);

}  // namespace dvx
