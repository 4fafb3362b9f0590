// The Linux agent's plans and parsers, without any freeze.
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>

#include "block_devices.h"
#include "check.h"
#include "linux_machine.h"
#include "mounts.h"
#include "process.h"

using namespace dvx::agent;

namespace {

/** sda: 8:x, sdb: 8:16.., loop0 on 8:1, loop1 on loop0's file system, dm on sda and sdb. */
struct FakeDevices : BlockDevices {
  std::vector<std::string> disksBelow(const std::string& device) override {
    auto found = disks.find(device);
    return found == disks.end() ? std::vector<std::string>{} : found->second;
  }
  std::string deviceOf(const std::string& source) override { return source == "/dev/sdb2" ? "8:18" : ""; }
  std::string backingDevice(const std::string& disk) override {
    return disk == "loop0" ? "8:1" : disk == "loop1" ? "7:0" : disk == "loop2" ? "0:40" : "";
  }
  std::string find(const Disk& disk) override { return disk.serial; }
  std::map<std::string, std::vector<std::string>> disks = {
      {"8:1", {"sda"}},   {"8:2", {"sda"}},   {"8:17", {"sdb"}},         {"8:18", {"sdb"}},
      {"7:0", {"loop0"}}, {"7:1", {"loop1"}}, {"253:0", {"sda", "sdb"}}, {"7:2", {"loop2"}}};
};

/** What systemctl prints. */
std::string jobs(const char* target) {
  return std::string("  12 run-user-0.mount stop waiting\n 871 ") + target + " start waiting\n 870 shutdown.target start running\n";
}

constexpr char kTable[] =
    "20 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw,errors=remount-ro\n"
    "21 20 0:20 / /proc rw - proc proc rw\n"
    "22 20 8:2 / /boot/efi rw - vfat /dev/sda2 rw\n"
    "23 20 8:17 / /data\\040one rw - xfs /dev/sdb1 rw\n"
    "24 20 8:1 /srv /bind ro - ext4 /dev/sda1 rw\n"
    "25 20 7:0 / /loop rw - ext4 /dev/loop0 rw\n"
    "26 25 7:1 / /loop/loop rw - ext4 /dev/loop1 rw\n"
    "27 20 253:0 / /lv rw - ext4 /dev/mapper/vg-lv rw\n"
    "28 20 0:30 / /net rw - nfs4 server:/x rw\n"
    "29 20 0:31 /sub /btrfs rw - btrfs /dev/sdb2 rw,subvol=/sub\n"
    "30 20 0:40 / /tmp rw - tmpfs tmpfs rw\n"
    "31 20 7:2 / /tmp/loop rw - ext4 /dev/loop2 rw\n"
    "nonsense\n"
    "32 20 8:99\n";

std::string points(const FreezePlan& plan) {
  std::string all;
  for (const FileSystem& one : plan.fileSystems) {
    all += one.mount.mountPoint + " ";
  }
  return all;
}

std::string skippedReason(const FreezePlan& plan, const std::string& volume) {
  for (const Skipped& one : plan.skipped) {
    if (one.volume.compare(0, volume.size(), volume) == 0) {
      return one.reason;
    }
  }
  return "";
}

}  // namespace

TEST(loopsComeFirstAndTheRootLast) {
  FakeDevices devices;
  FreezePlan plan = planFreeze(parseMountInfo(kTable), {}, devices, {});
  CHECK_EQUAL("/loop/loop /loop /btrfs /lv /data one / ", points(plan));
  CHECK_EQUAL("FAT cannot be frozen", skippedReason(plan, "/boot/efi"));
  CHECK_EQUAL("a network file system", skippedReason(plan, "/net"));
  CHECK_EQUAL("on a loop device whose file is on no disk", skippedReason(plan, "/tmp/loop"));
  CHECK(plan.lowered.empty());
  CHECK_EQUAL("/bind", plan.fileSystems.back().otherMountPoints.at(0));
}

TEST(onlyTheNamedDisksAreFrozen) {
  FakeDevices devices;
  FreezePlan plan = planFreeze(parseMountInfo(kTable), {Disk{0, "sdb", ""}}, devices, {});
  CHECK_EQUAL("/btrfs /lv /data one ", points(plan));
  CHECK_EQUAL("on no disk that was named", skippedReason(plan, "/ "));
}

TEST(aDiskThatIsNotFoundFreezesAll) {
  FakeDevices devices;
  FreezePlan plan = planFreeze(parseMountInfo(kTable), {Disk{3, "", ""}, Disk{0, "sdb", ""}}, devices, {});
  CHECK_EQUAL(std::size_t{6}, plan.fileSystems.size());
  CHECK(!skippedReason(plan, "disk 3").empty());
}

TEST(whatCannotBeFrozenLowersTheLabel) {
  FakeDevices devices;
  FreezePlan plan = planFreeze(parseMountInfo("1 0 8:1 / / rw - ext4 /dev/sda1 rw\n2 1 8:2 / /x rw - exfat /dev/sda2 rw\n"
                                              "3 1 8:17 / /ro rw - exfat /dev/sdb1 ro\n"),
                               {}, devices, {});
  CHECK_EQUAL("/ ", points(plan));
  CHECK(!plan.lowered.empty());
  CHECK_EQUAL("read-only", skippedReason(plan, "/ro"));
}

TEST(theOperatorsChoiceHolds) {
  FakeDevices devices;
  FreezePlan plan = planFreeze(parseMountInfo(kTable), {}, devices, {"/lv", "/bind"});
  CHECK_EQUAL("/lv /bind ", points(plan));
}

TEST(diskSerialsAreFoundInSysfs) {
  namespace fs = std::filesystem;
  fs::path root = fs::temp_directory_path() / ("dvx-unit-" + std::to_string(::getpid()));
  fs::path host = root / "devices/host2/target2:0:1/2:0:1:0";
  fs::create_directories(host / "block/sda/sda1");
  fs::create_directories(root / "devices/vda");
  fs::create_directories(root / "block");
  fs::create_directories(root / "dev/block");
  fs::create_directory_symlink(host / "block/sda", root / "block/sda");
  fs::create_directory_symlink(root / "devices/vda", root / "block/vda");
  fs::create_directory_symlink(host, host / "block/sda/device");
  fs::create_directory_symlink(host / "block/sda/sda1", root / "dev/block/8:1");
  std::ofstream(host / "block/sda/sda1/partition") << "1\n";
  std::ofstream(host / "vpd_pg80", std::ios::binary) << std::string("\0\x80\0\x08", 4) << "6000C29a";
  std::ofstream(root / "devices/vda/serial") << "0123456789abcdef0123";
  SysBlockDevices devices(root.string());
  CHECK_EQUAL("sda", devices.find(Disk{0, "6000c29A", ""}));
  CHECK_EQUAL("sda", devices.find(Disk{0, "", "0:1:0"}));
  CHECK_EQUAL("", devices.find(Disk{0, "", "1:1:0"}));
  CHECK_EQUAL("", devices.find(Disk{0, "other", "0:1:0"}));
  CHECK_EQUAL("vda", devices.find(Disk{0, "0123456789abcdef0123456789", ""}));
  CHECK_EQUAL("sda", devices.disksBelow("8:1").at(0));
  CHECK(devices.disksBelow("9:9").empty());
  fs::remove_all(root);
}

TEST(theBiosUuidIsOfTheTablesBytes) {
  std::string table("\0\4\0\0text\0\0", 10);
  table += std::string("\1\x1b\1\0\1\2\3\4", 8) + "ABCDEFGHIJKLMNOP" + std::string(3, '\0') + std::string("x\0\0", 3);
  CHECK_EQUAL("4142434445464748494a4b4c4d4e4f50", biosUuidOfTable(table));
  CHECK_EQUAL("", biosUuidOfTable(table.substr(0, 20)));
  CHECK_EQUAL("", biosUuidOfTable(""));
  CHECK_EQUAL("33221100554477668899aabbccddeeff", biosUuidOfText("00112233-4455-6677-8899-AABBCCDDEEFF\n"));
  CHECK_EQUAL("", biosUuidOfText("Not Settable"));
}

TEST(aProgramEndsAtItsLimitWithAllItStarted) {
  auto never = [] { return false; };
  ProcessResult good = runProcess({"/bin/sh", "-c", "echo out; echo err >&2; exit 4"}, {}, 20000, 100, never);
  CHECK_EQUAL(4, good.exit);
  CHECK_EQUAL("out\nerr\n", good.output);
  ProcessResult late = runProcess({"/bin/sh", "-c", "sleep 600 & sleep 600"}, {}, 200, 100, never);
  CHECK(late.timedOut && late.exit == -1 && late.millis < 20000);
  CHECK_EQUAL(-1, runProcess({"/nonexistent"}, {}, 1000, 100, never).exit);
  CHECK_EQUAL(std::size_t{1000}, runProcess({"/bin/sh", "-c", "yes | head -c 1000000"}, {}, 20000, 1000, never).output.size());
}

TEST(onlyAJobThatEndsWithTheMachineOffIsAPowerOff) {
  CHECK(powersOff(jobs("poweroff.target")));
  CHECK(powersOff(jobs("halt.target")));
  for (const char* other : {"reboot.target", "kexec.target", "poweroff.target.wants", "rescue.target"}) {
    CHECK(!powersOff(jobs(other)));
  }
  CHECK(!powersOff("871 poweroff.target stop waiting\n"));
  CHECK(!powersOff("No jobs running.\n"));
  CHECK(!machineGoesOff("/nonexistent/systemctl"));
  CHECK(!machineGoesOff("/bin/false"));
}
