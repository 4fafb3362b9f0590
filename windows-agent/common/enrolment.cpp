#include "enrolment.h"

#include "text.h"

namespace dvx::agent {

bool parseToken(const std::string& text, Token& token) {
  const std::string prefix = "dvx1.";
  constexpr std::size_t secretChars = 43;
  constexpr std::size_t pinChars = 64;
  std::string word = trim(text);
  if (word.size() != prefix.size() + secretChars + 1 + pinChars || word.compare(0, prefix.size(), prefix) != 0) {
    return false;
  }
  std::string secret = word.substr(prefix.size(), secretChars);
  std::string pin = word.substr(prefix.size() + secretChars + 1);
  std::string pinBytes;
  if (secret.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") !=
          std::string::npos ||
      word[prefix.size() + secretChars] != '.' || !fromHex(pin, pinBytes)) {
    return false;
  }
  token.text = word;
  token.caPin = toLower(pin);
  return true;
}

bool isClone(const Enrolment& enrolment, const MachineInfo& machine) {
  auto differ = [](const std::string& then, const std::string& now) {
    return !then.empty() && !now.empty() && toLower(then) != toLower(now);
  };
  return differ(enrolment.biosUuid, machine.biosUuid) || differ(enrolment.generationId, machine.generationId);
}

}  // namespace dvx::agent
