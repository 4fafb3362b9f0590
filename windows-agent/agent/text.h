// Text conversions and small helpers that every part of the agent uses.
#pragma once

#include <windows.h>

#include <string>
#include <vector>

namespace dvx {

std::string toUtf8(const std::wstring& text);
std::wstring toWide(const std::string& text);

/** `{XXXXXXXX-...}` as Windows writes it. */
std::wstring guidText(const GUID& guid);

/** The protocol's form: lower case, no braces. */
std::string guidPlain(const GUID& guid);

/** `0x80042306` */
std::string hex32(unsigned long value);

/** What Windows says about an error code, with the code; never empty. */
std::string systemMessage(unsigned long code);

std::string toHex(const unsigned char* bytes, size_t length);

/** A folder or file of Windows' own choosing; empty when Windows does not say. */
std::wstring systemFolder();
std::wstring programDataFolder();
/** The folder of the running program, without a trailing backslash. */
std::wstring ownFolder();
std::wstring ownPath();

bool fileExists(const std::wstring& path);
/** Reads a whole file of at most `limit` bytes; false when it is missing, larger or unreadable. */
bool readFile(const std::wstring& path, size_t limit, std::string& out);
/** Replaces a file in one step (written beside it, flushed, renamed); false with GetLastError. */
bool writeFileAtomically(const std::wstring& path, const std::string& bytes);

/** What a console program printed: UTF-8, else the console's code page; line ends become one line feed. */
std::string consoleText(const std::string& bytes);

std::string trim(const std::string& text);
std::wstring lower(std::wstring text);

/** Overwrites a secret before its memory is given back. */
void wipe(std::string& secret);

/** Closes a handle at the end of a block. */
class Handle {
 public:
  Handle() = default;
  explicit Handle(HANDLE handle) : handle_(handle) {}
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  ~Handle() { reset(nullptr); }
  HANDLE get() const { return handle_; }
  explicit operator bool() const { return handle_ != nullptr && handle_ != INVALID_HANDLE_VALUE; }
  void reset(HANDLE handle);

 private:
  HANDLE handle_ = nullptr;
};

}  // namespace dvx
