#include "block_devices.h"

#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <filesystem>
#include <map>

#include "fd.h"
#include "text.h"

namespace dvx::agent {
namespace {

namespace fs = std::filesystem;

constexpr int kMaxDepth = 16;
/** virtio carries no more of a serial. */
constexpr std::size_t kVirtioSerialChars = 20;

std::vector<std::string> entries(const std::string& folder) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    names.push_back(it->path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::string deviceText(dev_t device) {
  return std::to_string(major(device)) + ":" + std::to_string(minor(device));
}

/** Letters and digits alone, lower case: hypervisors and guests write the same serial in many ways. */
std::string plainSerial(const std::string& serial) {
  std::string plain;
  for (char c : toLower(serial)) {
    if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z')) {
      plain.push_back(c);
    }
  }
  return plain;
}

bool sameSerial(const std::string& wanted, const std::string& found) {
  if (wanted.empty() || found.empty()) {
    return false;
  }
  return plainSerial(wanted) == plainSerial(found) ||
         (found.size() == kVirtioSerialChars && wanted.size() > found.size() &&
          wanted.compare(0, found.size(), found) == 0);
}

}  // namespace

void SysBlockDevices::collect(const std::string& folder, int depth, std::vector<std::string>& disks) {
  std::vector<std::string> slaves = entries(folder + "/slaves");
  if (depth < kMaxDepth && !slaves.empty()) {
    for (const std::string& slave : slaves) {
      collect(fs::path(folder + "/slaves/" + slave).lexically_normal().string(), depth + 1, disks);
    }
    return;
  }
  std::error_code error;
  fs::path real = fs::canonical(folder, error);
  if (error) {
    return;
  }
  if (fs::exists(real / "partition", error)) {
    real = real.parent_path();
  }
  std::string name = real.filename().string();
  if (std::find(disks.begin(), disks.end(), name) == disks.end()) {
    disks.push_back(name);
  }
}

std::vector<std::string> SysBlockDevices::disksBelow(const std::string& device) {
  std::vector<std::string> disks;
  std::string folder = sys_ + "/dev/block/" + device;
  std::error_code error;
  if (!device.empty() && fs::exists(folder, error)) {
    collect(folder, 0, disks);
  }
  return disks;
}

std::string SysBlockDevices::deviceOf(const std::string& source) {
  struct stat status {};
  if (source.empty() || source[0] != '/' || ::stat(source.c_str(), &status) != 0 || !S_ISBLK(status.st_mode)) {
    return "";
  }
  return deviceText(status.st_rdev);
}

std::string SysBlockDevices::backingDevice(const std::string& disk) {
  std::string file = readLine(sys_ + "/block/" + disk + "/loop/backing_file");
  struct stat status {};
  if (file.empty() || ::stat(file.c_str(), &status) != 0) {
    return "";
  }
  return deviceText(S_ISBLK(status.st_mode) ? status.st_rdev : status.st_dev);
}

std::string SysBlockDevices::serialOf(const std::string& disk) {
  std::string base = sys_ + "/block/" + disk;
  for (const char* file : {"/serial", "/device/serial"}) {
    std::string serial = readLine(base + file);
    if (!serial.empty()) {
      return serial;
    }
  }
  // SCSI: page 0x80 is a header of four bytes, the last two its length, and the serial.
  std::string page;
  if (readFile(base + "/device/vpd_pg80", 256, page) && page.size() > 4) {
    std::size_t length = static_cast<unsigned char>(page[2]) * 256u + static_cast<unsigned char>(page[3]);
    return trim(page.substr(4, length));
  }
  return "";
}

std::string SysBlockDevices::find(const Disk& wanted) {
  std::map<int, std::vector<std::pair<std::string, std::string>>> byHost;
  std::string bySerial;
  int matches = 0;
  for (const std::string& disk : entries(sys_ + "/block")) {
    if (sameSerial(wanted.serial, serialOf(disk))) {
      bySerial = disk;
      matches++;
    }
    std::error_code error;
    // host:channel:target:lun
    std::string address = fs::canonical(sys_ + "/block/" + disk + "/device", error).filename().string();
    std::size_t colon = address.find(':');
    long long host = 0;
    if (!error && disk.compare(0, 2, "sd") == 0 && colon != std::string::npos &&
        parseNumber(address.substr(0, colon), 0, 1 << 20, host)) {
      byHost[static_cast<int>(host)].push_back({disk, address.substr(colon + 1)});
    }
  }
  if (matches == 1) {
    return bySerial;
  }
  if (matches > 1 || !wanted.serial.empty() || wanted.scsi.empty()) {
    return "";
  }
  // The hypervisor's bus number is the place of the adapter among those with disks. Only where there is one adapter
  // is that sure; with more of them nothing is guessed.
  std::size_t colon = wanted.scsi.find(':');
  if (byHost.size() != 1 || colon == std::string::npos || wanted.scsi.substr(0, colon) != "0") {
    return "";
  }
  for (const auto& disk : byHost.begin()->second) {
    if (disk.second == "0:" + wanted.scsi.substr(colon + 1)) {
      return disk.first;
    }
  }
  return "";
}

}  // namespace dvx::agent
