// Tokens, and the question whether this machine is still the one that enrolled.
#pragma once

#include <string>

#include "platform.h"

namespace dvx::agent {

struct Token {
  /** What is sent: a secret, for one use. */
  std::string text;
  /** Lower case hex SHA-256 of the CA certificate. */
  std::string caPin;
};

/** `dvx1.` + 43 characters base64url + `.` + 64 hex digits; white space around is taken off. */
bool parseToken(const std::string& text, Token& token);

/** True where BIOS UUID or generation id are known on both sides and differ. */
bool isClone(const Enrolment& enrolment, const MachineInfo& machine);

}  // namespace dvx::agent
