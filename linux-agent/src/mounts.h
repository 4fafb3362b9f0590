// Which file systems to freeze, in which order, and which not, and why.
#pragma once

#include <string>
#include <vector>

#include "messages.h"

namespace dvx::agent {

/** One line of /proc/self/mountinfo. */
struct Mount {
  /** major:minor of the file system (for btrfs an anonymous one, the same for all its subvolumes). */
  std::string device;
  std::string root;
  std::string mountPoint;
  std::string type;
  std::string source;
  /** The file system itself is read-only, not just this mount of it. */
  bool readOnly = false;
};

/** Lines that are not understood are left out. */
std::vector<Mount> parseMountInfo(const std::string& text);

/** The block devices of the machine; a seam for tests. */
class BlockDevices {
 public:
  virtual ~BlockDevices() = default;
  /** Whole disks ("sda") below a device "major:minor", through partitions, LVM, md and dm-crypt; a loop device is
   * itself. Empty if it is no block device. */
  virtual std::vector<std::string> disksBelow(const std::string& device) = 0;
  /** "major:minor" of the block device that `source` (a path) names, or empty. */
  virtual std::string deviceOf(const std::string& source) = 0;
  /** For "loop0": "major:minor" of the file system that its backing file is on; else empty. */
  virtual std::string backingDevice(const std::string& disk) = 0;
  /** The disk ("sda") that the coordinator means, or empty. */
  virtual std::string find(const Disk& disk) = 0;
};

struct FileSystem {
  Mount mount;
  /** Further mount points of the same file system: one of them may open where the first is hidden. */
  std::vector<std::string> otherMountPoints;
  /** Loop devices below it: those with more are frozen first, those with as many together. */
  int level = 0;
};

struct FreezePlan {
  /** In the order in which they are frozen: what lies on loop devices before what holds their files, else the last
   * mounted first. */
  std::vector<FileSystem> fileSystems;
  std::vector<Skipped> skipped;
  /** A writable file system with data that cannot be frozen, or empty: the reason to promise no more than CRASH. */
  std::string lowered;
};

/** `onlyMounts`: the operator's choice of mount points; empty: all. */
FreezePlan planFreeze(const std::vector<Mount>& mounts, const std::vector<Disk>& disks, BlockDevices& devices,
                      const std::vector<std::string>& onlyMounts);

}  // namespace dvx::agent
