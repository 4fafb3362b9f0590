// What the parts of the simulator share: where its state lies, its log, and lines over a pipe.
#pragma once

#include <windows.h>

#include <map>
#include <string>
#include <vector>

namespace fake {

/** All state of the simulator; `Folder` names where its programs and its script lie. */
constexpr wchar_t kRoot[] = L"Software\\DVX-Fakes";
constexpr wchar_t kProviders[] = L"Software\\DVX-Fakes\\Providers";
constexpr wchar_t kCatalog[] = L"Software\\DVX-Fakes\\Catalog";

std::string utf8(const std::wstring& text);
std::wstring wide(const std::string& text);
std::wstring guidText(const GUID& guid);

/** The simulator's folder. */
std::wstring folder();

/** `vss-script.txt` in that folder: lines of `key=value`; missing: no faults. */
std::map<std::string, std::string> readScript();

/** Appends a line with the milliseconds of the monotonic clock to `vss-log.txt`. */
void log(const std::string& line);

/** While on, lines are kept in memory, so that writing them takes no time of a hold. */
void bufferLog(bool on);

/** Writes what is kept. */
void flushLog();

std::vector<std::string> split(const std::string& text, char separator);

std::wstring readText(HKEY root, const std::wstring& key, const wchar_t* name);
bool writeText(HKEY root, const std::wstring& key, const wchar_t* name, const std::wstring& value);
std::vector<std::wstring> subKeys(HKEY root, const std::wstring& key);
bool keyExists(HKEY root, const std::wstring& key);

/** Registers or removes an in-process class of this DLL. */
HRESULT registerClass(HMODULE module, const GUID& clsid, const wchar_t* name);
HRESULT unregisterClass(const GUID& clsid);

}  // namespace fake
