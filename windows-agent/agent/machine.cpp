// clang-format off
#include <winsock2.h>
#include <windows.h>
#include <iphlpapi.h>
#include <winioctl.h>
#include <objbase.h>
// clang-format on

#include "machine.h"

#include <set>

#include "../shared/hold.h"
#include "child.h"
#include "text.h"

namespace dvx {
namespace {

constexpr DWORD kNonceMillis = 10 * 1000;
constexpr size_t kNonceBytes = 4096;
constexpr size_t kMaxMacs = 64;
constexpr wchar_t kOwnKey[] = L"SOFTWARE\\OpenDVX";
constexpr wchar_t kBootKey[] = L"SOFTWARE\\OpenDVX\\Boot";

/** Hyper-V's and VMware's generation counter device; the control code is the driver's. */
constexpr DWORD kReadGeneration = 0x32C004;

std::string smbiosTable() {
  DWORD provider = 0x52534D42;  // 'RSMB'
  UINT length = GetSystemFirmwareTable(provider, 0, nullptr, 0);
  if (length == 0 || length > (1u << 20)) {
    return std::string();
  }
  std::string table(length, '\0');
  UINT got = GetSystemFirmwareTable(provider, 0, &table[0], length);
  table.resize(got < length ? got : length);
  return table;
}

std::string generationId() {
  Handle device(CreateFileW(L"\\\\.\\VmGenerationCounter", GENERIC_READ,
                            FILE_SHARE_READ | FILE_SHARE_WRITE, nullptr, OPEN_EXISTING, 0,
                            nullptr));
  unsigned char value[16] = {};
  DWORD got = 0;
  if (!device || !DeviceIoControl(device.get(), kReadGeneration, nullptr, 0, value, sizeof value,
                                  &got, nullptr) ||
      got < sizeof value) {
    return std::string();
  }
  return toHex(value, sizeof value);
}

std::vector<std::string> macs() {
  std::vector<unsigned char> buffer(64 * 1024);
  ULONG length = static_cast<ULONG>(buffer.size());
  auto* first = reinterpret_cast<IP_ADAPTER_ADDRESSES*>(buffer.data());
  ULONG flags = GAA_FLAG_SKIP_ANYCAST | GAA_FLAG_SKIP_MULTICAST | GAA_FLAG_SKIP_DNS_SERVER;
  std::set<std::string> found;
  if (GetAdaptersAddresses(AF_UNSPEC, flags, nullptr, first, &length) == ERROR_SUCCESS) {
    for (auto* one = first; one != nullptr && found.size() < kMaxMacs; one = one->Next) {
      if (one->PhysicalAddressLength != 6 || one->IfType == IF_TYPE_SOFTWARE_LOOPBACK ||
          one->IfType == IF_TYPE_TUNNEL) {
        continue;
      }
      std::string hex = toHex(one->PhysicalAddress, 6);
      for (size_t at = 10; at > 0; at -= 2) {
        hex.insert(at, ":");
      }
      found.insert(hex);
    }
  }
  return std::vector<std::string>(found.begin(), found.end());
}

/** Random, in a volatile key: Windows forgets it when it shuts down. */
std::string bootId() {
  HKEY parent, key;
  if (RegCreateKeyExW(HKEY_LOCAL_MACHINE, kOwnKey, 0, nullptr, 0, KEY_READ | KEY_WRITE, nullptr,
                      &parent, nullptr) == ERROR_SUCCESS) {
    RegCloseKey(parent);
  }
  std::string id;
  if (RegCreateKeyExW(HKEY_LOCAL_MACHINE, kBootKey, 0, nullptr, REG_OPTION_VOLATILE,
                      KEY_READ | KEY_WRITE, nullptr, &key, nullptr) != ERROR_SUCCESS) {
    return id;
  }
  wchar_t text[64] = {};
  DWORD bytes = sizeof text - sizeof(wchar_t), type = 0;
  if (RegQueryValueExW(key, L"Id", nullptr, &type, reinterpret_cast<BYTE*>(text), &bytes) ==
          ERROR_SUCCESS &&
      type == REG_SZ) {
    id = toUtf8(text);
  } else {
    GUID fresh;
    if (SUCCEEDED(CoCreateGuid(&fresh))) {
      id = guidPlain(fresh);
      std::wstring wide = toWide(id);
      RegSetValueExW(key, L"Id", 0, REG_SZ, reinterpret_cast<const BYTE*>(wide.c_str()),
                     static_cast<DWORD>((wide.size() + 1) * sizeof(wchar_t)));
    }
  }
  RegCloseKey(key);
  return id;
}

std::string registryText(const wchar_t* key, const wchar_t* name) {
  wchar_t text[256] = {};
  DWORD bytes = sizeof text - sizeof(wchar_t);
  if (RegGetValueW(HKEY_LOCAL_MACHINE, key, name, RRF_RT_REG_SZ, nullptr, text, &bytes) !=
      ERROR_SUCCESS) {
    return std::string();
  }
  return toUtf8(text);
}

std::string osText() {
  const wchar_t* key = L"SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion";
  std::string name = registryText(key, L"ProductName");
  std::string build = registryText(key, L"CurrentBuildNumber");
  if (name.empty()) {
    name = "Windows";
  }
  return build.empty() ? name : name + " build " + build;
}

bool isPlain(const std::string& property) {
  return !property.empty() && property.size() <= 128 &&
         property.find_first_not_of(
             "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") ==
             std::string::npos;
}

}  // namespace

std::string smbiosUuid(const std::string& table) {
  // Eight bytes of Windows' own (the last four are the length), then the structures.
  size_t at = 8;
  for (int count = 0; count < 4096 && at + 4 <= table.size(); count++) {
    auto type = static_cast<unsigned char>(table[at]);
    auto length = static_cast<unsigned char>(table[at + 1]);
    if (length < 4 || at + length > table.size()) {
      break;
    }
    if (type == 1 && length >= 24) {
      const auto* uuid = reinterpret_cast<const unsigned char*>(table.data()) + at + 8;
      std::string hex = toHex(uuid, 16);
      bool unset = hex == std::string(32, '0') || hex == std::string(32, 'f');
      return unset ? std::string() : hex;
    }
    at += length;
    while (at + 1 < table.size() && (table[at] != 0 || table[at + 1] != 0)) {
      at++;
    }
    at += 2;
  }
  return std::string();
}

agent::MachineInfo WindowsMachine::describe() {
  agent::MachineInfo info;
  info.platform = "windows";
  info.os = osText();
  wchar_t name[256];
  DWORD length = 256;
  if (GetComputerNameExW(ComputerNameDnsFullyQualified, name, &length)) {
    info.hostName = toUtf8(name);
  }
  info.biosUuid = smbiosUuid(smbiosTable());
  info.generationId = generationId();
  info.macs = macs();
  info.bootId = bootId();
  return info;
}

std::string WindowsMachine::readNonce(const std::string& property) {
  if (!isPlain(property) || !fileExists(vmtoolsd_)) {
    return std::string();
  }
  std::wstring command =
      L"\"" + vmtoolsd_ + L"\" --cmd \"info-get " + toWide(property) + L"\"";
  ChildResult child = runChild(command, kNonceMillis, kNonceBytes, [] { return false; });
  if (!child.started || child.timedOut || child.exitCode != 0) {
    return std::string();
  }
  return trim(child.output);
}

std::int64_t WindowsClock::nowMillis() {
  LONGLONG perSecond = ticksPerSecond();
  LONGLONG ticks = ticksNow();
  return ticks / perSecond * 1000 + ticks % perSecond * 1000 / perSecond;
}

}  // namespace dvx
