#include "text.h"

#include <objbase.h>
#include <shlobj.h>

#include <cstdio>
#include <cwctype>

namespace dvx {

std::string toUtf8(const std::wstring& text) {
  if (text.empty()) {
    return std::string();
  }
  int length = WideCharToMultiByte(CP_UTF8, 0, text.data(), static_cast<int>(text.size()), nullptr,
                                   0, nullptr, nullptr);
  std::string out(static_cast<size_t>(length), '\0');
  WideCharToMultiByte(CP_UTF8, 0, text.data(), static_cast<int>(text.size()), &out[0], length,
                      nullptr, nullptr);
  return out;
}

std::wstring toWide(const std::string& text) {
  if (text.empty()) {
    return std::wstring();
  }
  int length =
      MultiByteToWideChar(CP_UTF8, 0, text.data(), static_cast<int>(text.size()), nullptr, 0);
  std::wstring out(static_cast<size_t>(length), L'\0');
  MultiByteToWideChar(CP_UTF8, 0, text.data(), static_cast<int>(text.size()), &out[0], length);
  return out;
}

std::wstring guidText(const GUID& guid) {
  wchar_t text[64];
  StringFromGUID2(guid, text, 64);
  return text;
}

std::string guidPlain(const GUID& guid) {
  std::string text = toUtf8(lower(guidText(guid)));
  return text.substr(1, text.size() - 2);
}

std::string hex32(unsigned long value) {
  char text[16];
  snprintf(text, sizeof text, "0x%08lX", value & 0xFFFFFFFFul);
  return text;
}

std::string systemMessage(unsigned long code) {
  wchar_t* buffer = nullptr;
  DWORD length = FormatMessageW(
      FORMAT_MESSAGE_ALLOCATE_BUFFER | FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_IGNORE_INSERTS,
      nullptr, code, 0, reinterpret_cast<LPWSTR>(&buffer), 0, nullptr);
  std::string text;
  if (length != 0) {
    text = trim(toUtf8(std::wstring(buffer, length)));
    LocalFree(buffer);
  }
  return text.empty() ? "error " + hex32(code) : text + " (" + hex32(code) + ")";
}

std::string toHex(const unsigned char* bytes, size_t length) {
  static const char kDigits[] = "0123456789abcdef";
  std::string out;
  out.reserve(length * 2);
  for (size_t i = 0; i < length; i++) {
    out += kDigits[bytes[i] >> 4];
    out += kDigits[bytes[i] & 15];
  }
  return out;
}

std::wstring systemFolder() {
  wchar_t path[MAX_PATH];
  UINT length = GetSystemDirectoryW(path, MAX_PATH);
  return length == 0 || length >= MAX_PATH ? std::wstring() : std::wstring(path, length);
}

std::wstring programDataFolder() {
  wchar_t path[MAX_PATH];
  if (FAILED(SHGetFolderPathW(nullptr, CSIDL_COMMON_APPDATA, nullptr, SHGFP_TYPE_CURRENT, path))) {
    return std::wstring();
  }
  return path;
}

std::wstring ownPath() {
  std::vector<wchar_t> path(32768);
  DWORD length = GetModuleFileNameW(nullptr, path.data(), static_cast<DWORD>(path.size()));
  return std::wstring(path.data(), length);
}

std::wstring ownFolder() {
  std::wstring path = ownPath();
  size_t slash = path.find_last_of(L'\\');
  return slash == std::wstring::npos ? std::wstring(L".") : path.substr(0, slash);
}

bool fileExists(const std::wstring& path) {
  DWORD attributes = GetFileAttributesW(path.c_str());
  return attributes != INVALID_FILE_ATTRIBUTES && (attributes & FILE_ATTRIBUTE_DIRECTORY) == 0;
}

bool readFile(const std::wstring& path, size_t limit, std::string& out) {
  Handle file(CreateFileW(path.c_str(), GENERIC_READ, FILE_SHARE_READ, nullptr, OPEN_EXISTING,
                          FILE_ATTRIBUTE_NORMAL, nullptr));
  if (!file) {
    return false;
  }
  LARGE_INTEGER size;
  if (!GetFileSizeEx(file.get(), &size) || size.QuadPart > static_cast<LONGLONG>(limit)) {
    SetLastError(ERROR_FILE_TOO_LARGE);
    return false;
  }
  out.resize(static_cast<size_t>(size.QuadPart));
  DWORD got = 0;
  if (!out.empty() &&
      !ReadFile(file.get(), &out[0], static_cast<DWORD>(out.size()), &got, nullptr)) {
    return false;
  }
  out.resize(got);
  return true;
}

bool writeFileAtomically(const std::wstring& path, const std::string& bytes) {
  std::wstring beside = path + L".new";
  {
    Handle file(CreateFileW(beside.c_str(), GENERIC_WRITE, 0, nullptr, CREATE_ALWAYS,
                            FILE_ATTRIBUTE_NORMAL, nullptr));
    if (!file) {
      return false;
    }
    DWORD written = 0;
    if (!WriteFile(file.get(), bytes.data(), static_cast<DWORD>(bytes.size()), &written, nullptr) ||
        written != bytes.size() || !FlushFileBuffers(file.get())) {
      return false;
    }
  }
  return MoveFileExW(beside.c_str(), path.c_str(),
                     MOVEFILE_REPLACE_EXISTING | MOVEFILE_WRITE_THROUGH) != 0;
}

std::string consoleText(const std::string& bytes) {
  if (bytes.empty()) {
    return bytes;
  }
  int size = static_cast<int>(bytes.size());
  UINT page = CP_UTF8;
  if (MultiByteToWideChar(page, MB_ERR_INVALID_CHARS, bytes.data(), size, nullptr, 0) == 0) {
    page = GetOEMCP();
  }
  int length = MultiByteToWideChar(page, 0, bytes.data(), size, nullptr, 0);
  std::wstring wide(static_cast<size_t>(length > 0 ? length : 0), L'\0');
  MultiByteToWideChar(page, 0, bytes.data(), size, &wide[0], length);
  std::string out;
  for (char c : toUtf8(wide)) {
    if (c != '\r') {
      out += c;
    }
  }
  return out;
}

std::string trim(const std::string& text) {
  size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string::npos) {
    return std::string();
  }
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

std::wstring lower(std::wstring text) {
  for (wchar_t& c : text) {
    c = static_cast<wchar_t>(towlower(c));
  }
  return text;
}

void wipe(std::string& secret) {
  if (!secret.empty()) {
    SecureZeroMemory(&secret[0], secret.size());
    secret.clear();
  }
}

void Handle::reset(HANDLE handle) {
  if (handle_ != nullptr && handle_ != INVALID_HANDLE_VALUE) {
    CloseHandle(handle_);
  }
  handle_ = handle;
}

}  // namespace dvx
