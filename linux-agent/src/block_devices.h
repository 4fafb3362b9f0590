// Block devices as sysfs shows them.
#pragma once

#include <string>
#include <vector>

#include "mounts.h"

namespace dvx::agent {

class SysBlockDevices : public BlockDevices {
 public:
  /** `sys` is /sys, or a tree like it. */
  explicit SysBlockDevices(std::string sys) : sys_(std::move(sys)) {}

  std::vector<std::string> disksBelow(const std::string& device) override;
  std::string deviceOf(const std::string& source) override;
  std::string backingDevice(const std::string& disk) override;
  std::string find(const Disk& disk) override;

 private:
  void collect(const std::string& folder, int depth, std::vector<std::string>& disks);
  std::string serialOf(const std::string& disk);

  std::string sys_;
};

}  // namespace dvx::agent
