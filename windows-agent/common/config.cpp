#include "config.h"

#include <set>

#include "bounds.h"
#include "text.h"

namespace dvx::agent {
namespace {

constexpr std::size_t kMaxConfigBytes = 65536;

bool parseFlag(const std::string& text, bool& value) {
  if (text != "true" && text != "false") {
    return false;
  }
  value = text == "true";
  return true;
}

bool parseSeconds(const std::string& text, std::int64_t& millis) {
  long long seconds = 0;
  if (!parseNumber(text, 1, 3600, seconds)) {
    return false;
  }
  millis = seconds * 1000;
  return true;
}

/** 0: unknown key, -1: bad value, 1: taken. */
int take(const std::string& key, const std::string& value, const std::string& prefix, Config& config) {
  if (key == "server") return parseEndpoint(value, config.server) ? 1 : -1;
  if (key == "hookLimitSeconds") return parseSeconds(value, config.hookLimitMillis) ? 1 : -1;
  if (key == "syncLimitSeconds") return parseSeconds(value, config.syncLimitMillis) ? 1 : -1;
  if (key == "reconnectLongestSeconds") return parseSeconds(value, config.reconnectLongestMillis) ? 1 : -1;
  if (key == "reconnectMillis") {
    long long millis = 0;
    bool good = parseNumber(value, 50, 60000, millis);
    config.reconnectMillis = millis;
    return good ? 1 : -1;
  }
  if (key == "hooksQuiesceApplications") return parseFlag(value, config.hooksQuiesceApplications) ? 1 : -1;
  if (key.size() > prefix.size() && key.compare(0, prefix.size(), prefix) == 0) {
    config.platform[key.substr(prefix.size())] = value;
    return 1;
  }
  return 0;
}

}  // namespace

bool parseConfig(const std::string& text, const std::string& platformPrefix, Config& config, std::string& error) {
  if (text.size() > kMaxConfigBytes) {
    error = "the file is longer than 64 KiB";
    return false;
  }
  std::set<std::string> seen;
  std::size_t at = 0;
  for (int number = 1; at < text.size(); number++) {
    std::size_t end = text.find('\n', at);
    end = end == std::string::npos ? text.size() : end;
    std::string line = trim(text.substr(at, end - at));
    at = end + 1;
    if (line.empty() || line[0] == '#') {
      continue;
    }
    std::string where = "line " + std::to_string(number) + ": ";
    std::size_t equals = line.find('=');
    if (equals == std::string::npos) {
      error = where + "there is no '='";
      return false;
    }
    std::string key = trim(line.substr(0, equals));
    if (!seen.insert(key).second) {
      error = where + "the key " + key + " stands twice";
      return false;
    }
    int taken = take(key, trim(line.substr(equals + 1)), platformPrefix, config);
    if (taken <= 0) {
      error = where + (taken == 0 ? "unknown key " : "bad value of ") + key;
      return false;
    }
  }
  return true;
}

bool parseEndpoint(const std::string& text, Endpoint& endpoint) {
  std::string host = text;
  std::string port;
  if (!text.empty() && text[0] == '[') {
    std::size_t close = text.find(']');
    if (close == std::string::npos || (close + 1 < text.size() && text[close + 1] != ':')) {
      return false;
    }
    host = text.substr(1, close - 1);
    port = close + 1 < text.size() ? text.substr(close + 2) : std::to_string(kDefaultPort);
  } else {
    std::size_t colon = text.find(':');
    host = text.substr(0, colon);
    port = colon == std::string::npos ? std::to_string(kDefaultPort) : text.substr(colon + 1);
  }
  long long number = 0;
  if (host.empty() || host.size() > 255 || !parseNumber(port, 1, 65535, number) ||
      host.find_first_of(" \t\r\n/[]") != std::string::npos) {
    return false;
  }
  endpoint.host = host;
  endpoint.port = static_cast<int>(number);
  return true;
}

std::string toText(const Endpoint& endpoint) {
  bool ipv6 = endpoint.host.find(':') != std::string::npos;
  return (ipv6 ? "[" + endpoint.host + "]" : endpoint.host) + ":" + std::to_string(endpoint.port);
}

}  // namespace dvx::agent
