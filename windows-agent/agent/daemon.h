// The agent as it runs: its parts put together, as a service or in a console.
#pragma once

#include "settings.h"

namespace dvx {

constexpr char kAgentVersion[] = "opendvx-windows-agent 1.0";

/** `dvx-agent run`: until Ctrl+C. The exit code of the process. */
int runInConsole(const Paths& paths);

/** `dvx-agent service`: called by the service manager. */
int runAsService(const Paths& paths);

/** One enrolment; wipes the token. */
bool enrollOnce(const Paths& paths, const std::string& server, std::string& token,
                std::string& error);

}  // namespace dvx
