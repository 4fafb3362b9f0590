#include "hook_folder.h"

// clang-format off
#include <windows.h>
#include <aclapi.h>
#include <sddl.h>
// clang-format on

#include <algorithm>

#include "../common/bounds.h"
#include "child.h"
#include "text.h"

namespace dvx {
namespace {

constexpr ACCESS_MASK kWriting = FILE_WRITE_DATA | FILE_APPEND_DATA | WRITE_DAC | WRITE_OWNER |
                                 DELETE | GENERIC_WRITE | GENERIC_ALL;

bool isWellKnown(PSID sid, const wchar_t* text) {
  PSID known = nullptr;
  if (!ConvertStringSidToSidW(text, &known)) {
    return false;
  }
  bool same = EqualSid(sid, known);
  LocalFree(known);
  return same;
}

/** The account that the agent runs as: SYSTEM as a service. */
bool isOwnAccount(PSID sid) {
  HANDLE token = nullptr;
  if (!OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &token)) {
    return false;
  }
  Handle closer(token);
  std::vector<unsigned char> buffer(1024);
  DWORD length = 0;
  return GetTokenInformation(token, TokenUser, buffer.data(), static_cast<DWORD>(buffer.size()),
                             &length) &&
         EqualSid(sid, reinterpret_cast<TOKEN_USER*>(buffer.data())->User.Sid);
}

bool isTrusted(PSID sid) {
  return isWellKnown(sid, L"S-1-5-18") || isWellKnown(sid, L"S-1-5-32-544") ||
         // TrustedInstaller, CREATOR OWNER (means nothing on a file), OWNER RIGHTS
         isWellKnown(sid, L"S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464") ||
         isWellKnown(sid, L"S-1-3-0") || isOwnAccount(sid);
}

std::wstring extension(const std::wstring& name) {
  size_t dot = name.find_last_of(L'.');
  return dot == std::wstring::npos ? std::wstring() : lower(name.substr(dot));
}

}  // namespace

bool ownerTrusted(const std::wstring& path) {
  PSID owner = nullptr;
  PSECURITY_DESCRIPTOR descriptor = nullptr;
  if (GetNamedSecurityInfoW(const_cast<wchar_t*>(path.c_str()), SE_FILE_OBJECT,
                            OWNER_SECURITY_INFORMATION, &owner, nullptr, nullptr, nullptr,
                            &descriptor) != ERROR_SUCCESS) {
    return false;
  }
  bool trusted = owner != nullptr && isTrusted(owner);
  LocalFree(descriptor);
  return trusted;
}

bool othersMayWrite(const std::wstring& path) {
  PACL list = nullptr;
  PSID owner = nullptr;
  PSECURITY_DESCRIPTOR descriptor = nullptr;
  if (GetNamedSecurityInfoW(const_cast<wchar_t*>(path.c_str()), SE_FILE_OBJECT,
                            OWNER_SECURITY_INFORMATION | DACL_SECURITY_INFORMATION, &owner, nullptr,
                            &list, nullptr, &descriptor) != ERROR_SUCCESS) {
    return true;
  }
  bool open = list == nullptr || owner == nullptr || !isTrusted(owner);
  for (DWORD i = 0; !open && i < list->AceCount; i++) {
    void* entry = nullptr;
    if (!GetAce(list, i, &entry)) {
      open = true;
      break;
    }
    const auto* allowed = static_cast<ACCESS_ALLOWED_ACE*>(entry);
    if (allowed->Header.AceType == ACCESS_ALLOWED_ACE_TYPE && (allowed->Mask & kWriting) != 0) {
      open = !isTrusted(const_cast<DWORD*>(&allowed->SidStart));
    }
  }
  LocalFree(descriptor);
  return open;
}

std::vector<std::string> HookFolder::list(const std::string& phase,
                                          std::vector<std::string>& refused) {
  std::wstring folder = phase == agent::kPreFreeze ? paths_.preFreeze : paths_.postThaw;
  std::vector<std::wstring> names;
  WIN32_FIND_DATAW found;
  HANDLE search = FindFirstFileW((folder + L"\\*").c_str(), &found);
  if (search != INVALID_HANDLE_VALUE) {
    do {
      std::wstring kind = extension(found.cFileName);
      if ((found.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY) == 0 &&
          (kind == L".cmd" || kind == L".bat" || kind == L".exe" || kind == L".ps1")) {
        names.push_back(found.cFileName);
      }
    } while (names.size() < 1000 && FindNextFileW(search, &found));
    FindClose(search);
  }
  std::sort(names.begin(), names.end(),
            [](const std::wstring& a, const std::wstring& b) { return lower(a) < lower(b); });
  std::vector<std::string> paths;
  for (const std::wstring& name : names) {
    std::wstring path = folder + L"\\" + name;
    // A name that could end the quotes of a command line is never run.
    if (othersMayWrite(path) || name.find_first_of(L"\"%&^") != std::wstring::npos) {
      refused.push_back(toUtf8(path));
    } else {
      paths.push_back(toUtf8(path));
    }
  }
  return paths;
}

agent::HookResult HookFolder::run(const std::string& path, const std::string& phase,
                                  std::int64_t limitMillis) {
  std::wstring file = toWide(path);
  std::wstring kind = extension(file);
  std::wstring system = systemFolder();
  std::wstring command = L"\"" + file + L"\"";
  if (kind == L".cmd" || kind == L".bat") {
    command = L"\"" + system + L"\\cmd.exe\" /d /s /c \"" + command + L"\"";
  } else if (kind == L".ps1") {
    command = L"\"" + system +
              L"\\WindowsPowerShell\\v1.0\\powershell.exe\" -NoProfile -NonInteractive "
              L"-ExecutionPolicy Bypass -File " +
              command;
  }
  bool before = phase == agent::kPreFreeze;
  // Post-thaw scripts undo what pre-freeze scripts did: they run even when all is called off.
  ChildResult child = runChild(command, static_cast<DWORD>(limitMillis),
                               4 * agent::kMaxHookOutputChars,
                               [&] { return before && cancelled_(); });
  agent::HookResult result;
  result.exit = !child.started || child.timedOut || child.cancelled
                    ? -1
                    : static_cast<std::int64_t>(child.exitCode);
  result.millis = child.millis;
  result.output = consoleText(child.output);
  if (child.timedOut) {
    result.output += "\n(ended: it took longer than its limit)";
  }
  return result;
}

}  // namespace dvx
