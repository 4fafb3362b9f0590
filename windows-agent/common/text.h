// Small text functions: base64, hex, UUIDs, clipping.
#pragma once

#include <cstddef>
#include <string>

namespace dvx::agent {

std::string toBase64(const std::string& bytes);
/** Strict: no white space, full padding. False leaves `bytes` unspecified. */
bool fromBase64(const std::string& text, std::string& bytes);

/** Lower case. */
std::string toHex(const std::string& bytes);
bool fromHex(const std::string& text, std::string& bytes);

/** 8-4-4-4-12 hex digits of any case. */
bool isUuid(const std::string& text);

/** Code points, by counting the bytes that begin one. */
std::size_t countChars(const std::string& utf8);

/** Valid UTF-8 of at most `maxChars` code points: what is no UTF-8, and control characters except tab and
 * line feed, become '?'. A longer text loses its end. */
std::string clipText(const std::string& bytes, std::size_t maxChars);

std::string trim(const std::string& text);
std::string toLower(const std::string& ascii);

/** A plain decimal within the bounds. */
bool parseNumber(const std::string& text, long long lowest, long long highest, long long& value);

}  // namespace dvx::agent
