#include "text.h"

namespace dvx::agent {
namespace {

constexpr char kAlphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

int base64Digit(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '+') return 62;
  if (c == '/') return 63;
  return -1;
}

int hexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/** Length of the well-formed UTF-8 sequence at `at`, 0 if there is none (RFC 3629). */
std::size_t sequenceLength(const std::string& text, std::size_t at) {
  auto byte = [&](std::size_t i) -> unsigned { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0; };
  auto follows = [&](std::size_t i) { return (byte(i) & 0xc0) == 0x80; };
  unsigned first = byte(at);
  unsigned second = byte(at + 1);
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first <= 0xdf) return follows(at + 1) ? 2 : 0;
  if (first >= 0xe0 && first <= 0xef) {
    bool ok = follows(at + 1) && follows(at + 2) && !(first == 0xe0 && second < 0xa0) &&
              !(first == 0xed && second >= 0xa0);
    return ok ? 3 : 0;
  }
  if (first >= 0xf0 && first <= 0xf4) {
    bool ok = follows(at + 1) && follows(at + 2) && follows(at + 3) && !(first == 0xf0 && second < 0x90) &&
              !(first == 0xf4 && second >= 0x90);
    return ok ? 4 : 0;
  }
  return 0;
}

}  // namespace

std::string toBase64(const std::string& bytes) {
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::size_t left = bytes.size() - i;
    unsigned group = static_cast<unsigned char>(bytes[i]) << 16;
    if (left > 1) group |= static_cast<unsigned char>(bytes[i + 1]) << 8;
    if (left > 2) group |= static_cast<unsigned char>(bytes[i + 2]);
    text.push_back(kAlphabet[group >> 18]);
    text.push_back(kAlphabet[group >> 12 & 63]);
    text.push_back(left > 1 ? kAlphabet[group >> 6 & 63] : '=');
    text.push_back(left > 2 ? kAlphabet[group & 63] : '=');
  }
  return text;
}

bool fromBase64(const std::string& text, std::string& bytes) {
  bytes.clear();
  if (text.size() % 4 != 0) {
    return false;
  }
  for (std::size_t i = 0; i < text.size(); i += 4) {
    bool last = i + 4 == text.size();
    int padding = !last ? 0 : text[i + 2] == '=' && text[i + 3] == '=' ? 2 : text[i + 3] == '=' ? 1 : 0;
    unsigned group = 0;
    for (int k = 0; k < 4; k++) {
      int digit = k >= 4 - padding ? 0 : base64Digit(text[i + static_cast<std::size_t>(k)]);
      if (digit < 0) {
        return false;
      }
      group = group << 6 | static_cast<unsigned>(digit);
    }
    if ((padding == 1 && (group & 0xff) != 0) || (padding == 2 && (group & 0xffff) != 0)) {
      return false;
    }
    bytes.push_back(static_cast<char>(group >> 16 & 0xff));
    if (padding < 2) bytes.push_back(static_cast<char>(group >> 8 & 0xff));
    if (padding < 1) bytes.push_back(static_cast<char>(group & 0xff));
  }
  return true;
}

std::string toHex(const std::string& bytes) {
  constexpr char digits[] = "0123456789abcdef";
  std::string text;
  text.reserve(bytes.size() * 2);
  for (char c : bytes) {
    text.push_back(digits[static_cast<unsigned char>(c) >> 4]);
    text.push_back(digits[static_cast<unsigned char>(c) & 15]);
  }
  return text;
}

bool fromHex(const std::string& text, std::string& bytes) {
  bytes.clear();
  if (text.size() % 2 != 0) {
    return false;
  }
  for (std::size_t i = 0; i < text.size(); i += 2) {
    int high = hexDigit(text[i]);
    int low = hexDigit(text[i + 1]);
    if (high < 0 || low < 0) {
      return false;
    }
    bytes.push_back(static_cast<char>(high << 4 | low));
  }
  return true;
}

bool isUuid(const std::string& text) {
  if (text.size() != 36) {
    return false;
  }
  for (std::size_t i = 0; i < text.size(); i++) {
    bool hyphen = i == 8 || i == 13 || i == 18 || i == 23;
    if (hyphen ? text[i] != '-' : hexDigit(text[i]) < 0) {
      return false;
    }
  }
  return true;
}

std::size_t countChars(const std::string& utf8) {
  std::size_t count = 0;
  for (char c : utf8) {
    count += (static_cast<unsigned char>(c) & 0xc0) != 0x80 ? 1 : 0;
  }
  return count;
}

std::string clipText(const std::string& bytes, std::size_t maxChars) {
  std::string text;
  std::size_t at = 0;
  for (std::size_t count = 0; at < bytes.size() && count < maxChars; count++) {
    std::size_t length = sequenceLength(bytes, at);
    unsigned char first = static_cast<unsigned char>(bytes[at]);
    bool control = length == 1 && (first == 0x7f || (first < 0x20 && first != '\t' && first != '\n'));
    if (length == 0 || control) {
      text.push_back('?');
      at++;
    } else {
      text.append(bytes, at, length);
      at += length;
    }
  }
  return text;
}

std::string trim(const std::string& text) {
  const char* space = " \t\r\n";
  std::size_t first = text.find_first_not_of(space);
  if (first == std::string::npos) {
    return "";
  }
  return text.substr(first, text.find_last_not_of(space) - first + 1);
}

std::string toLower(const std::string& ascii) {
  std::string text = ascii;
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') {
      c = static_cast<char>(c - 'A' + 'a');
    }
  }
  return text;
}

bool parseNumber(const std::string& text, long long lowest, long long highest, long long& value) {
  if (text.empty() || text.size() > 18) {
    return false;
  }
  long long number = 0;
  for (char c : text) {
    if (c < '0' || c > '9') {
      return false;
    }
    number = number * 10 + (c - '0');
  }
  if (number < lowest || number > highest) {
    return false;
  }
  value = number;
  return true;
}

}  // namespace dvx::agent
