#include "mounts.h"

#include <algorithm>
#include <map>
#include <set>
#include <sstream>

namespace dvx::agent {
namespace {

constexpr int kMaxLoopDepth = 8;

const std::set<std::string> kFreezable = {"ext2", "ext3", "ext4",     "xfs",  "btrfs",
                                          "jfs",  "f2fs", "nilfs2", "reiserfs", "gfs2", "bcachefs"};
const std::set<std::string> kFat = {"vfat", "msdos"};
const std::set<std::string> kNetwork = {"nfs",  "nfs4", "cifs", "smb3", "smbfs", "ceph",          "afs",
                                        "ncpfs", "9p",   "coda", "lustre", "orangefs", "fuse.glusterfs", "fuse.sshfs"};

/** Undoes the octal escapes of mountinfo. */
std::string unescape(const std::string& text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); i++) {
    auto octal = [&](std::size_t at) { return at < text.size() && text[at] >= '0' && text[at] <= '7'; };
    if (text[i] == '\\' && octal(i + 1) && octal(i + 2) && octal(i + 3)) {
      plain.push_back(static_cast<char>((text[i + 1] - '0') << 6 | (text[i + 2] - '0') << 3 | (text[i + 3] - '0')));
      i += 3;
    } else {
      plain.push_back(text[i]);
    }
  }
  return plain;
}

bool hasOption(const std::string& options, const std::string& wanted) {
  std::istringstream in(options);
  for (std::string one; std::getline(in, one, ',');) {
    if (one == wanted) {
      return true;
    }
  }
  return false;
}

/** The lowest devices of a file system and how many loop devices lie between. */
struct Below {
  std::set<std::string> disks;
  int loops = 0;
  /** A loop device whose file is on no block device. */
  bool inMemory = false;
};

class Planner {
 public:
  Planner(const std::vector<Mount>& mounts, BlockDevices& devices) : devices_(devices) {
    for (const Mount& mount : mounts) {
      byDevice_.emplace(mount.device, mount);
    }
  }

  Below below(const Mount& mount) {
    Below result;
    descend(mount, 0, result);
    return result;
  }

 private:
  void descend(const Mount& mount, int depth, Below& result) {
    std::vector<std::string> disks = devices_.disksBelow(mount.device);
    if (disks.empty()) {
      disks = devices_.disksBelow(devices_.deviceOf(mount.source));
    }
    for (const std::string& disk : disks) {
      if (disk.compare(0, 4, "loop") != 0 || depth == kMaxLoopDepth) {
        result.disks.insert(disk);
        continue;
      }
      result.disks.insert(disk);
      result.loops = std::max(result.loops, depth + 1);
      auto holder = byDevice_.find(devices_.backingDevice(disk));
      if (holder == byDevice_.end()) {
        continue;
      }
      std::size_t before = result.disks.size();
      descend(holder->second, depth + 1, result);
      result.inMemory = result.inMemory || result.disks.size() == before;
    }
  }

  BlockDevices& devices_;
  std::map<std::string, Mount> byDevice_;
};

std::string label(const Mount& mount) { return mount.mountPoint + " (" + mount.source + ", " + mount.type + ")"; }

bool touches(const std::set<std::string>& disks, const std::set<std::string>& wanted) {
  return std::any_of(disks.begin(), disks.end(), [&](const std::string& disk) { return wanted.count(disk) > 0; });
}

}  // namespace

std::vector<Mount> parseMountInfo(const std::string& text) {
  std::vector<Mount> mounts;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream fields(line);
    std::string id;
    std::string parent;
    std::string options;
    std::string word;
    Mount mount;
    fields >> id >> parent >> mount.device >> mount.root >> mount.mountPoint >> options;
    while (fields >> word && word != "-") {
    }
    std::string superOptions;
    if (word != "-" || !(fields >> mount.type >> mount.source >> superOptions)) {
      continue;
    }
    mount.root = unescape(mount.root);
    mount.mountPoint = unescape(mount.mountPoint);
    mount.source = unescape(mount.source);
    mount.readOnly = hasOption(superOptions, "ro");
    mounts.push_back(mount);
  }
  return mounts;
}

FreezePlan planFreeze(const std::vector<Mount>& mounts, const std::vector<Disk>& disks, BlockDevices& devices,
                      const std::vector<std::string>& onlyMounts) {
  FreezePlan plan;
  std::set<std::string> wanted;
  bool all = disks.empty();
  for (const Disk& disk : disks) {
    std::string found = devices.find(disk);
    if (found.empty()) {
      all = true;
      plan.skipped.push_back({"disk " + std::to_string(disk.index),
                              "not found by serial or address; every file system is frozen instead"});
    } else {
      wanted.insert(found);
    }
  }

  Planner planner(mounts, devices);
  std::map<std::string, std::size_t> known;
  std::vector<FileSystem> chosen;
  std::set<std::string> named;
  for (const Mount& mount : mounts) {
    auto skip = [&](const std::string& reason) {
      if (named.insert(mount.device).second) {
        plan.skipped.push_back({label(mount), reason});
      }
    };
    auto twice = known.find(mount.device);
    if (twice != known.end()) {
      chosen[twice->second].otherMountPoints.push_back(mount.mountPoint);
      continue;
    }
    if (kNetwork.count(mount.type) > 0) {
      skip("a network file system");
      continue;
    }
    Below below = planner.below(mount);
    if (mount.type == "zfs") {
      if (all && !mount.readOnly) {
        skip("zfs cannot be frozen");
        plan.lowered = label(mount) + " cannot be frozen.";
      }
      continue;
    }
    if (below.disks.empty()) {
      // tmpfs, proc, overlay and the like: they hold nothing of a disk, or what they hold is frozen below.
      continue;
    }
    if (below.inMemory) {
      skip("on a loop device whose file is on no disk");
      continue;
    }
    if (!all && !touches(below.disks, wanted)) {
      skip("on no disk that was named");
      continue;
    }
    if (mount.readOnly) {
      skip("read-only");
      continue;
    }
    if (kFat.count(mount.type) > 0) {
      skip("FAT cannot be frozen");
      continue;
    }
    if (!onlyMounts.empty() &&
        std::find(onlyMounts.begin(), onlyMounts.end(), mount.mountPoint) == onlyMounts.end()) {
      // Another mount point of the same file system may still be named, so this one is not known yet.
      skip("left out by the agent's configuration");
      continue;
    }
    if (kFreezable.count(mount.type) == 0) {
      skip(mount.type + " cannot be frozen");
      plan.lowered = label(mount) + " cannot be frozen.";
      continue;
    }
    known.emplace(mount.device, chosen.size());
    chosen.push_back(FileSystem{mount, {}, below.loops});
  }
  std::reverse(chosen.begin(), chosen.end());
  std::stable_sort(chosen.begin(), chosen.end(),
                   [](const FileSystem& a, const FileSystem& b) { return a.level > b.level; });
  plan.fileSystems = std::move(chosen);
  return plan;
}

}  // namespace dvx::agent
