#define _CRT_RAND_S
#include "daemon.h"

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <memory>

#include "../common/agent.h"
#include "../common/enrolment.h"
#include "../common/text.h"
#include "event_log.h"
#include "identity.h"
#include "installer.h"
#include "machine.h"
#include "requester.h"
#include "text.h"
#include "tls.h"
#include "vss_freezer.h"

namespace dvx {
namespace {

/** Everything that one agent consists of. */
class Assembly {
 public:
  Assembly(const Paths& paths, const Settings& settings, bool console)
      : log(paths.log, console),
        identity(paths, settings.keyStore),
        transport(identity),
        machine(settings.vmtoolsd),
        freezer(paths, settings) {
    agent::AgentOptions options;
    options.agent = kAgentVersion;
    options.capabilities = {"APPLICATION", "FILE_SYSTEM", "HOOKS"};
    if (settings.allowFull) {
      options.capabilities.push_back("FULL");
    }
    options.server = settings.shared.server;
    options.reconnectMillis = settings.shared.reconnectMillis;
    options.reconnectLongestMillis = settings.shared.reconnectLongestMillis;
    std::wstring report = paths.lastReport;
    std::wstring session = paths.data + L"\\last-session";
    std::string last;
    if (readFile(session, 64, last) && agent::isUuid(trim(last))) {
      options.lastSession = trim(last);
    }
    agent::AgentParts parts{clock,
                            transport,
                            identity,
                            machine,
                            freezer,
                            log,
                            [] {
                              unsigned value = 0;
                              rand_s(&value);
                              return static_cast<std::uint32_t>(value);
                            },
                            [report, session](const std::string& id, const std::string& text) {
                              writeFileAtomically(report, text);
                              writeFileAtomically(session, id);
                            },
                            [this] { return machineGoesOff.load(); }};
    agent.reset(new agent::Agent(parts, options));
  }

  /** The service manager said that Windows shuts down; a restart begins in the same way. */
  std::atomic<bool> machineGoesOff{false};
  WindowsLog log;
  WindowsClock clock;
  WindowsIdentity identity;
  SchannelTransport transport;
  WindowsMachine machine;
  VssFreezer freezer;
  std::unique_ptr<agent::Agent> agent;
};

Assembly* running = nullptr;

BOOL WINAPI onConsole(DWORD) {
  if (running != nullptr) {
    running->agent->stop();
  }
  return TRUE;
}

struct Service {
  const Paths* paths = nullptr;
  SERVICE_STATUS_HANDLE handle = nullptr;
  SERVICE_STATUS status = {};
  Assembly* assembly = nullptr;

  void tell(DWORD state, DWORD exitCode) {
    status.dwServiceType = SERVICE_WIN32_OWN_PROCESS;
    status.dwCurrentState = state;
    status.dwControlsAccepted =
        state == SERVICE_RUNNING ? SERVICE_ACCEPT_STOP | SERVICE_ACCEPT_SHUTDOWN : 0;
    status.dwWin32ExitCode = exitCode;
    status.dwWaitHint = state == SERVICE_STOP_PENDING ? 30000 : 10000;
    SetServiceStatus(handle, &status);
  }
};

Service service;

DWORD WINAPI onControl(DWORD control, DWORD, LPVOID, LPVOID) {
  switch (control) {
    case SERVICE_CONTROL_SHUTDOWN:
    case SERVICE_CONTROL_STOP:
      if (control != SERVICE_CONTROL_STOP && service.assembly != nullptr) {
        service.assembly->machineGoesOff = true;
      }
      service.tell(SERVICE_STOP_PENDING, NO_ERROR);
      if (service.assembly != nullptr) {
        service.assembly->agent->stop();
      }
      return NO_ERROR;
    case SERVICE_CONTROL_INTERROGATE:
      return NO_ERROR;
    default:
      return ERROR_CALL_NOT_IMPLEMENTED;
  }
}

/** True when the agent was stopped as it should be. */
bool serve(const Paths& paths, bool console, const std::function<void(Assembly*)>& announce) {
  Settings settings;
  std::string error;
  if (!loadSettings(paths, settings, error)) {
    WindowsLog(paths.log, console).write(agent::Level::kError, error);
    return false;
  }
  HRESULT com = initializeCom();
  if (FAILED(com)) {
    WindowsLog(paths.log, console)
        .write(agent::Level::kError,
               "COM cannot be used: " + systemMessage(static_cast<unsigned long>(com)));
    return false;
  }
  Assembly assembly(paths, settings, console);
  assembly.log.started(kAgentVersion);
  announce(&assembly);
  agent::AgentEnd end = assembly.agent->run();
  announce(nullptr);
  assembly.log.stopped();
  if (end == agent::AgentEnd::kStuck) {
    // A thread hangs inside VSS: leave without waiting for it; the service manager starts anew.
    TerminateProcess(GetCurrentProcess(), 4);
  }
  return true;
}

void WINAPI serviceMain(DWORD, LPWSTR*) {
  service.handle = RegisterServiceCtrlHandlerExW(kServiceName, onControl, nullptr);
  if (service.handle == nullptr) {
    return;
  }
  service.tell(SERVICE_START_PENDING, NO_ERROR);
  bool good = serve(*service.paths, false, [](Assembly* assembly) {
    service.assembly = assembly;
    if (assembly != nullptr) {
      service.tell(SERVICE_RUNNING, NO_ERROR);
    }
  });
  service.tell(SERVICE_STOPPED, good ? NO_ERROR : ERROR_SERVICE_SPECIFIC_ERROR);
}

}  // namespace

int runInConsole(const Paths& paths) {
  SetConsoleCtrlHandler(onConsole, TRUE);
  return serve(paths, true, [](Assembly* assembly) { running = assembly; }) ? 0 : 1;
}

int runAsService(const Paths& paths) {
  service.paths = &paths;
  wchar_t name[32];
  wcscpy(name, kServiceName);
  SERVICE_TABLE_ENTRYW table[] = {{name, serviceMain}, {nullptr, nullptr}};
  if (!StartServiceCtrlDispatcherW(table)) {
    fprintf(stderr, "dvx-agent service is for the service manager; use `dvx-agent run`\n");
    return 1;
  }
  return 0;
}

bool enrollOnce(const Paths& paths, const std::string& server, std::string& token,
                std::string& error) {
  Settings settings;
  agent::Token parsed;
  agent::Endpoint endpoint;
  if (!loadSettings(paths, settings, error)) {
    return false;
  }
  bool good = agent::parseToken(token, parsed);
  wipe(token);
  if (!good) {
    error = "this is no token: it should begin with dvx1. and be used as it was given";
    return false;
  }
  if (!agent::parseEndpoint(server, endpoint)) {
    error = "this is no server: " + server + " (HOST:PORT)";
    return false;
  }
  initializeCom();
  Assembly assembly(paths, settings, true);
  return assembly.agent->enroll(endpoint, parsed.text, parsed.caPin, error);
}

}  // namespace dvx
