#include "fake_common.h"

#include <objbase.h>

#include <cstdio>
#include <mutex>
#include <sstream>

namespace fake {

std::string utf8(const std::wstring& text) {
  int length = WideCharToMultiByte(CP_UTF8, 0, text.data(), static_cast<int>(text.size()), nullptr,
                                   0, nullptr, nullptr);
  std::string out(static_cast<size_t>(length), '\0');
  WideCharToMultiByte(CP_UTF8, 0, text.data(), static_cast<int>(text.size()), &out[0], length,
                      nullptr, nullptr);
  return out;
}

std::wstring wide(const std::string& text) {
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

std::wstring readText(HKEY root, const std::wstring& key, const wchar_t* name) {
  HKEY open;
  if (RegOpenKeyExW(root, key.c_str(), 0, KEY_READ, &open) != ERROR_SUCCESS) {
    return std::wstring();
  }
  std::vector<wchar_t> value(4096);
  DWORD bytes = static_cast<DWORD>((value.size() - 1) * sizeof(wchar_t));
  DWORD type = 0;
  LONG result =
      RegQueryValueExW(open, name, nullptr, &type, reinterpret_cast<BYTE*>(value.data()), &bytes);
  RegCloseKey(open);
  return result == ERROR_SUCCESS && type == REG_SZ ? std::wstring(value.data()) : std::wstring();
}

bool writeText(HKEY root, const std::wstring& key, const wchar_t* name, const std::wstring& value) {
  HKEY open;
  if (RegCreateKeyExW(root, key.c_str(), 0, nullptr, 0, KEY_WRITE, nullptr, &open, nullptr) !=
      ERROR_SUCCESS) {
    return false;
  }
  LONG result =
      RegSetValueExW(open, name, 0, REG_SZ, reinterpret_cast<const BYTE*>(value.c_str()),
                     static_cast<DWORD>((value.size() + 1) * sizeof(wchar_t)));
  RegCloseKey(open);
  return result == ERROR_SUCCESS;
}

std::vector<std::wstring> subKeys(HKEY root, const std::wstring& key) {
  std::vector<std::wstring> names;
  HKEY open;
  if (RegOpenKeyExW(root, key.c_str(), 0, KEY_READ, &open) != ERROR_SUCCESS) {
    return names;
  }
  wchar_t name[256];
  DWORD length = 256;
  for (DWORD i = 0; RegEnumKeyExW(open, i, name, &length, nullptr, nullptr, nullptr, nullptr) ==
                    ERROR_SUCCESS;
       i++) {
    names.push_back(name);
    length = 256;
  }
  RegCloseKey(open);
  return names;
}

bool keyExists(HKEY root, const std::wstring& key) {
  HKEY open;
  if (RegOpenKeyExW(root, key.c_str(), 0, KEY_READ, &open) != ERROR_SUCCESS) {
    return false;
  }
  RegCloseKey(open);
  return true;
}

std::wstring folder() {
  std::wstring path = readText(HKEY_LOCAL_MACHINE, kRoot, L"Folder");
  return path.empty() ? std::wstring(L"C:\\dvx-fakes") : path;
}

std::map<std::string, std::string> readScript() {
  std::map<std::string, std::string> script;
  FILE* file = _wfopen((folder() + L"\\vss-script.txt").c_str(), L"rb");
  if (file == nullptr) {
    return script;
  }
  char line[1024];
  while (fgets(line, sizeof line, file) != nullptr) {
    std::string text(line);
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) {
      text.pop_back();
    }
    size_t equals = text.find('=');
    if (equals != std::string::npos && text[0] != '#') {
      script[text.substr(0, equals)] = text.substr(equals + 1);
    }
  }
  fclose(file);
  return script;
}

namespace {

std::mutex logMutex;
std::string kept;
bool buffering = false;

void writeKept() {
  FILE* file = kept.empty() ? nullptr : _wfopen((folder() + L"\\vss-log.txt").c_str(), L"ab");
  if (file != nullptr) {
    fputs(kept.c_str(), file);
    fclose(file);
    kept.clear();
  }
}

}  // namespace

void log(const std::string& line) {
  LARGE_INTEGER now, perSecond;
  QueryPerformanceCounter(&now);
  QueryPerformanceFrequency(&perSecond);
  std::lock_guard<std::mutex> lock(logMutex);
  kept += std::to_string(now.QuadPart * 1000 / perSecond.QuadPart) + " " + line + "\n";
  if (!buffering) {
    writeKept();
  }
}

void bufferLog(bool on) {
  std::lock_guard<std::mutex> lock(logMutex);
  buffering = on;
  if (!on) {
    writeKept();
  }
}

void flushLog() {
  std::lock_guard<std::mutex> lock(logMutex);
  writeKept();
}

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  std::string part;
  for (char c : text) {
    if (c == separator) {
      parts.push_back(part);
      part.clear();
    } else {
      part += c;
    }
  }
  parts.push_back(part);
  return parts;
}

HRESULT registerClass(HMODULE module, const GUID& clsid, const wchar_t* name) {
  wchar_t path[MAX_PATH];
  DWORD length = GetModuleFileNameW(module, path, MAX_PATH);
  if (length == 0 || length >= MAX_PATH) {
    return E_UNEXPECTED;
  }
  std::wstring key = L"CLSID\\" + guidText(clsid);
  bool done = writeText(HKEY_CLASSES_ROOT, key, nullptr, name) &&
              writeText(HKEY_CLASSES_ROOT, key + L"\\InprocServer32", nullptr, path) &&
              writeText(HKEY_CLASSES_ROOT, key + L"\\InprocServer32", L"ThreadingModel", L"Both");
  return done ? S_OK : E_FAIL;
}

HRESULT unregisterClass(const GUID& clsid) {
  RegDeleteTreeW(HKEY_CLASSES_ROOT, (L"CLSID\\" + guidText(clsid)).c_str());
  return S_OK;
}

}  // namespace fake
