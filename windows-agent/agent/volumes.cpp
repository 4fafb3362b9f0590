#include "volumes.h"

#include <winsock2.h>
#include <windows.h>
#include <winioctl.h>

#include <algorithm>
#include <cctype>
#include <map>
#include <set>
#include <sstream>

#include "text.h"

// ntddscsi.h of mingw-w64 needs the driver kit's headers; this is the part that is needed.
#define DVX_IOCTL_SCSI_GET_ADDRESS CTL_CODE(0x00000004, 0x0406, METHOD_BUFFERED, FILE_ANY_ACCESS)

namespace dvx {
namespace {

struct ScsiAddress {
  ULONG length;
  UCHAR port;
  UCHAR path;
  UCHAR target;
  UCHAR lun;
};

struct DiskFacts {
  std::string serial;
  bool hasAddress = false;
  ScsiAddress address = {};
};

constexpr GUID kEfiPartition = {0xc12a7328, 0xf81f, 0x11d2, {0xba, 0x4b, 0x00, 0xa0, 0xc9, 0x3e, 0xc9, 0x3b}};

DiskFacts factsOf(unsigned number) {
  DiskFacts facts;
  std::wstring path = L"\\\\.\\PhysicalDrive" + std::to_wstring(number);
  Handle disk(CreateFileW(path.c_str(), 0, FILE_SHARE_READ | FILE_SHARE_WRITE, nullptr,
                          OPEN_EXISTING, 0, nullptr));
  if (!disk) {
    return facts;
  }
  STORAGE_PROPERTY_QUERY query = {};
  query.PropertyId = StorageDeviceProperty;
  query.QueryType = PropertyStandardQuery;
  std::vector<unsigned char> answer(4096);
  DWORD got = 0;
  if (DeviceIoControl(disk.get(), IOCTL_STORAGE_QUERY_PROPERTY, &query, sizeof query, answer.data(),
                      static_cast<DWORD>(answer.size()), &got, nullptr)) {
    const auto* descriptor = reinterpret_cast<const STORAGE_DEVICE_DESCRIPTOR*>(answer.data());
    DWORD offset = descriptor->SerialNumberOffset;
    if (offset != 0 && offset < got) {
      const char* text = reinterpret_cast<const char*>(answer.data()) + offset;
      size_t length = 0;
      while (offset + length < got && text[length] != 0) {
        length++;
      }
      facts.serial = trim(std::string(text, length));
    }
  }
  facts.hasAddress =
      DeviceIoControl(disk.get(), DVX_IOCTL_SCSI_GET_ADDRESS, nullptr, 0, &facts.address,
                      sizeof facts.address, &got, nullptr) != 0;
  return facts;
}

std::vector<unsigned> diskNumbers(HANDLE volume) {
  std::vector<unsigned> numbers;
  std::vector<unsigned char> answer(16384);
  DWORD got = 0;
  if (DeviceIoControl(volume, IOCTL_VOLUME_GET_VOLUME_DISK_EXTENTS, nullptr, 0, answer.data(),
                      static_cast<DWORD>(answer.size()), &got, nullptr)) {
    const auto* extents = reinterpret_cast<const VOLUME_DISK_EXTENTS*>(answer.data());
    for (DWORD i = 0; i < extents->NumberOfDiskExtents; i++) {
      numbers.push_back(extents->Extents[i].DiskNumber);
    }
  }
  return numbers;
}

bool isEfi(HANDLE volume) {
  PARTITION_INFORMATION_EX info = {};
  DWORD got = 0;
  return DeviceIoControl(volume, IOCTL_DISK_GET_PARTITION_INFO_EX, nullptr, 0, &info, sizeof info,
                         &got, nullptr) &&
         info.PartitionStyle == PARTITION_STYLE_GPT &&
         IsEqualGUID(info.Gpt.PartitionType, kEfiPartition);
}

std::wstring firstMountPoint(const std::wstring& name) {
  std::vector<wchar_t> paths(4096);
  DWORD length = 0;
  if (!GetVolumePathNamesForVolumeNameW(name.c_str(), paths.data(),
                                        static_cast<DWORD>(paths.size()), &length)) {
    return std::wstring();
  }
  return paths.data();
}

Volume describe(const std::wstring& name) {
  Volume volume;
  volume.name = name;
  volume.fixed = GetDriveTypeW(name.c_str()) == DRIVE_FIXED;
  volume.mountPoint = firstMountPoint(name);
  if (!volume.fixed) {
    return volume;
  }
  wchar_t fileSystem[64] = {};
  if (GetVolumeInformationW(name.c_str(), nullptr, 0, nullptr, nullptr, nullptr, fileSystem, 64)) {
    volume.fileSystem = fileSystem;
  }
  std::wstring device = name.substr(0, name.size() - 1);
  Handle handle(CreateFileW(device.c_str(), 0, FILE_SHARE_READ | FILE_SHARE_WRITE, nullptr,
                            OPEN_EXISTING, 0, nullptr));
  if (handle) {
    volume.efi = isEfi(handle.get());
    for (unsigned number : diskNumbers(handle.get())) {
      DiskPart part;
      part.number = number;
      volume.disks.push_back(part);
    }
  }
  return volume;
}

void fillDisks(std::vector<Volume>& volumes) {
  std::map<unsigned, DiskFacts> facts;
  std::set<UCHAR> ports;
  for (const Volume& volume : volumes) {
    for (const DiskPart& part : volume.disks) {
      if (facts.count(part.number) == 0) {
        facts[part.number] = factsOf(part.number);
        if (facts[part.number].hasAddress) {
          ports.insert(facts[part.number].address.port);
        }
      }
    }
  }
  for (Volume& volume : volumes) {
    for (DiskPart& part : volume.disks) {
      const DiskFacts& known = facts[part.number];
      part.serial = known.serial;
      if (known.hasAddress) {
        auto rank = std::distance(ports.begin(), ports.find(known.address.port));
        std::ostringstream text;
        text << rank << ':' << static_cast<int>(known.address.target) << ':'
             << static_cast<int>(known.address.lun);
        part.scsi = text.str();
      }
    }
  }
}

/** Hypervisors and Windows print serials with different case and hyphens; virtio cuts at 20. */
std::string plainSerial(const std::string& serial) {
  std::string out;
  for (char c : serial) {
    if (isalnum(static_cast<unsigned char>(c))) {
      out += static_cast<char>(tolower(static_cast<unsigned char>(c)));
    }
  }
  return out;
}

bool sameSerial(const std::string& left, const std::string& right) {
  std::string a = plainSerial(left);
  std::string b = plainSerial(right);
  if (a.empty() || b.empty()) {
    return false;
  }
  if (a == b) {
    return true;
  }
  size_t shorter = a.size() < b.size() ? a.size() : b.size();
  return shorter >= 16 && a.compare(0, shorter, b, 0, shorter) == 0;
}

bool matches(const DiskPart& part, const WantedDisk& wanted) {
  if (!wanted.serial.empty() && !part.serial.empty()) {
    return sameSerial(part.serial, wanted.serial);
  }
  return !wanted.scsi.empty() && part.scsi == wanted.scsi;
}

bool isOn(const Volume& volume, const WantedDisk& wanted) {
  for (const DiskPart& part : volume.disks) {
    if (matches(part, wanted)) {
      return true;
    }
  }
  return false;
}

bool isFat(const std::wstring& fileSystem) {
  std::wstring name = lower(fileSystem);
  return name == L"fat" || name == L"fat32" || name == L"exfat";
}

}  // namespace

std::vector<Volume> SystemVolumes::list() {
  std::vector<Volume> volumes;
  wchar_t name[MAX_PATH];
  HANDLE search = FindFirstVolumeW(name, MAX_PATH);
  if (search == INVALID_HANDLE_VALUE) {
    return volumes;
  }
  do {
    volumes.push_back(describe(name));
  } while (volumes.size() < 1024 && FindNextVolumeW(search, name, MAX_PATH));
  FindVolumeClose(search);
  fillDisks(volumes);
  return volumes;
}

std::vector<Volume> FileVolumes::list() {
  std::vector<Volume> volumes;
  std::string text;
  if (!readFile(path_, 1 << 20, text)) {
    return volumes;
  }
  std::istringstream lines(text);
  std::string line;
  while (std::getline(lines, line)) {
    line = trim(line);
    if (line.empty() || line[0] == '#') {
      continue;
    }
    std::vector<std::string> fields;
    std::istringstream parts(line);
    std::string field;
    while (std::getline(parts, field, '|')) {
      fields.push_back(trim(field));
    }
    fields.resize(5);
    Volume volume;
    volume.name = toWide(fields[0]);
    volume.mountPoint = toWide(fields[1]);
    volume.efi = fields[2] == "EFI";
    volume.fileSystem = volume.efi ? L"FAT32" : toWide(fields[2]);
    DiskPart part;
    part.number = static_cast<unsigned>(volumes.size());
    part.serial = fields[3];
    part.scsi = fields[4];
    volume.disks.push_back(part);
    volumes.push_back(volume);
  }
  return volumes;
}

VolumeChoice chooseVolumes(const std::vector<Volume>& all, const std::vector<WantedDisk>& wanted) {
  VolumeChoice choice;
  // A disk that is not found may be known here by another name: then no volume is left out.
  bool everything = wanted.empty();
  for (const WantedDisk& disk : wanted) {
    bool found = false;
    for (const Volume& volume : all) {
      found = found || (volume.fixed && isOn(volume, disk));
    }
    if (!found) {
      everything = true;
      std::string name = "disk " + std::to_string(disk.index);
      if (!disk.serial.empty()) {
        name += " serial " + disk.serial;
      }
      choice.skipped.push_back({name, "no volume is known to be on it; every volume is frozen instead"});
    }
  }
  for (const Volume& volume : all) {
    if (!volume.fixed) {
      continue;
    }
    bool ours = everything;
    for (const WantedDisk& disk : wanted) {
      ours = ours || isOn(volume, disk);
    }
    if (!ours) {
      continue;
    }
    std::string label = toUtf8(volume.label());
    if (volume.efi) {
      choice.skipped.push_back({label, "EFI system partition: VSS does not take it"});
    } else if (isFat(volume.fileSystem)) {
      choice.skipped.push_back({label, toUtf8(volume.fileSystem) + ": VSS does not take it"});
    } else if (volume.fileSystem.empty()) {
      choice.skipped.push_back({label, "no file system that Windows knows"});
    } else {
      choice.chosen.push_back(volume);
    }
  }
  return choice;
}

}  // namespace dvx
