// Which volumes there are, and which of them a freeze can take.
#pragma once

#include <string>
#include <vector>

namespace dvx {

/** One disk that a volume touches. */
struct DiskPart {
  unsigned number = 0;
  std::string serial;
  /** `bus:target:lun`; the bus is the rank of the adapter, as controllers are counted. */
  std::string scsi;
};

struct Volume {
  /** `\\?\Volume{...}\` with the trailing backslash, as VSS wants it. */
  std::wstring name;
  /** The first mount point such as `C:\`; empty when not mounted. */
  std::wstring mountPoint;
  std::wstring fileSystem;
  bool fixed = true;
  bool efi = false;
  std::vector<DiskPart> disks;

  std::wstring label() const { return mountPoint.empty() ? name : mountPoint; }
};

struct SkippedVolume {
  std::string volume;
  std::string reason;
};

/** A disk as the coordinator names it. */
struct WantedDisk {
  long long index = -1;
  std::string serial;
  std::string scsi;
};

/** Lists volumes. Two of them: Windows itself, and a file for a test without real volumes. */
class VolumeSource {
 public:
  virtual ~VolumeSource() = default;
  virtual std::vector<Volume> list() = 0;
};

class SystemVolumes final : public VolumeSource {
 public:
  std::vector<Volume> list() override;
};

/**
 * Lines of `name|mount point|file system|disk serial|scsi`, for Wine, whose GetDriveTypeW does not
 * know volume GUID paths.
 */
class FileVolumes final : public VolumeSource {
 public:
  explicit FileVolumes(std::wstring path) : path_(std::move(path)) {}
  std::vector<Volume> list() override;

 private:
  std::wstring path_;
};

struct VolumeChoice {
  std::vector<Volume> chosen;
  std::vector<SkippedVolume> skipped;
};

/** Picks what a freeze takes: FAT and EFI are named and left out, as are disks nobody can find. */
VolumeChoice chooseVolumes(const std::vector<Volume>& all, const std::vector<WantedDisk>& wanted);

}  // namespace dvx
