// dvx-agent: the guest agent of OpenDVX for Linux.
#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <thread>

#include "agent.h"
#include "boot_clock.h"
#include "commands.h"
#include "enrolment.h"
#include "identity_file.h"
#include "linux_freezer.h"
#include "linux_machine.h"
#include "watchdog.h"

namespace dvx::agent {
namespace {

constexpr char kVersion[] = "dvx-agent 1.0 (linux)";
/** Reserved before any freeze, so that the allocator never has to ask the kernel while writes are held. */
constexpr std::size_t kReserveBytes = 8u << 20;

void printUsage(std::FILE* out) {
  std::fputs(
      "usage: dvx-agent [--config FILE] COMMAND\n"
      "  run                                     serve (what the systemd unit starts)\n"
      "  enroll --server HOST[:PORT] --token-file FILE   get an identity; FILE may be - for standard input\n"
      "  enroll --server HOST[:PORT] --token TOKEN       the same; others can see the token in the process list\n"
      "  selftest [--freeze]                     check what a freeze needs; with --freeze, freeze for a moment\n"
      "  thaw                                    thaw what an agent that died has left frozen\n"
      "  status                                  identity, what is frozen, the last report\n",
      out);
}

int usage() {
  printUsage(stderr);
  return kWrongUsage;
}

/** Standard error goes to the journal; the number in angle brackets is its priority. */
class ErrorLog : public Log {
 public:
  void write(Level level, const std::string& text) override {
    const char* mark = !underSystemd_ ? "" : level == Level::kError ? "<3>" : level == Level::kWarning ? "<4>" : "<6>";
    std::fprintf(stderr, "%s%s\n", mark, text.c_str());
  }

 private:
  bool underSystemd_ = std::getenv("JOURNAL_STREAM") != nullptr;
};

/** Memory, stacks and descriptors are there and stay there from here on. */
bool lockMemory() {
  ::mallopt(M_ARENA_MAX, 1);
  ::mallopt(M_MMAP_MAX, 0);
  ::mallopt(M_TRIM_THRESHOLD, 512 << 20);
  ::mallopt(M_TOP_PAD, kReserveBytes);
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, 512 * 1024);
  pthread_setattr_default_np(&attributes);
  pthread_attr_destroy(&attributes);
  rlimit files{4096, 4096};
  ::setrlimit(RLIMIT_NOFILE, &files);
  if (::mlockall(MCL_CURRENT | MCL_FUTURE) != 0) {
    return false;
  }
  // Volatile, or the compiler would see that nobody reads it and leave all of it out.
  volatile char* reserve = static_cast<volatile char*>(std::malloc(kReserveBytes));
  bool good = reserve != nullptr;
  for (std::size_t at = 0; good && at < kReserveBytes; at += 1024) {
    reserve[at] = 1;
  }
  // It stays with the allocator.
  std::free(const_cast<char*>(reserve));
  return good;
}

std::uint32_t randomBits() {
  std::uint32_t bits = 0;
  if (::getrandom(&bits, sizeof bits, 0) != sizeof bits) {
    bits = static_cast<std::uint32_t>(bootMicros());
  }
  return bits;
}

int runAgent(const Settings& settings, ErrorLog& log) {
  std::string error;
  if (!makeFolders(settings.runFolder, error) || !makeFolders(settings.stateFolder, error)) {
    return fail("The agent cannot start", error, "Run it as root, and make room on the disk");
  }
  Fd lock(::open((settings.runFolder + "/lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!lock.valid() || ::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    return fail("The agent cannot start", "Another one is running: " + settings.runFolder + "/lock is held",
                "Stop the other one first: systemctl stop dvx-agent");
  }
  FrozenRecord record(settings.runFolder);
  if (record.exists()) {
    std::string report;
    bool thawed = record.thawAll(report);
    log.write(thawed ? Level::kWarning : Level::kError, report);
  }
  if (!lockMemory()) {
    return fail("The agent cannot start", "Its memory cannot be locked: " + errnoText(),
                "Run it as root, with LimitMEMLOCK=infinity");
  }
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  ::signal(SIGPIPE, SIG_IGN);

  BootClock clock;
  IdentityFile identity(settings.stateFolder);
  TlsTransport transport(identity);
  LinuxMachine machine(settings.sysFolder, settings.nonceCommand);
  LinuxFreezer freezer(freezerOptions(settings));
  LastReport last(settings.stateFolder);
  AgentOptions options;
  options.agent = kVersion;
  options.capabilities = {"FILE_SYSTEM", "HOOKS"};
  if (settings.config.hooksQuiesceApplications) {
    options.capabilities.push_back("APPLICATION");
  }
  options.server = settings.config.server;
  options.lastSession = last.session();
  options.reconnectMillis = settings.config.reconnectMillis;
  options.reconnectLongestMillis = settings.config.reconnectLongestMillis;
  AgentParts parts{clock, transport, identity, machine, freezer, log, randomBits,
                   [&](const std::string& session, const std::string& report) {
                     std::string problem;
                     if (!last.keep(session, report, problem)) {
                       log.write(Level::kWarning, "The last report was not kept: " + problem);
                     }
                   },
                   [&] { return machineGoesOff(settings.systemctl); }};
  Agent agent(std::move(parts), options);
  std::thread waiter([&] {
    int signal = 0;
    sigwait(&signals, &signal);
    agent.stop();
  });
  log.write(Level::kInfo, std::string(kVersion) + " started.");
  AgentEnd end = agent.run();
  ::kill(::getpid(), SIGTERM);
  waiter.join();
  if (end == AgentEnd::kStuck) {
    log.write(Level::kError, "A freeze does not come to its end; the agent starts anew.");
    std::_Exit(kFailed);
  }
  log.write(Level::kInfo, "Stopped.");
  return kDone;
}

int enroll(const Settings& settings, const EnrollArguments& arguments, ErrorLog& log) {
  Endpoint server;
  Token token;
  std::string text = arguments.token;
  std::string error;
  if (text.empty() && !readToken(arguments.tokenFile, text, error)) {
    return fail("The agent was not enrolled", error, "Give the token in a file, or - and the token on standard input");
  }
  if (!parseEndpoint(arguments.server, server)) {
    return fail("The agent was not enrolled", "The server is no HOST[:PORT]", "Give it as --server HOST:PORT");
  }
  if (!parseToken(text, token)) {
    return fail("The agent was not enrolled", "This is no enrolment token", "Copy the whole token: dvx1. and what follows");
  }
  BootClock clock;
  IdentityFile identity(settings.stateFolder);
  TlsTransport transport(identity);
  LinuxMachine machine(settings.sysFolder, settings.nonceCommand);
  LinuxFreezer freezer(freezerOptions(settings));
  AgentParts parts{clock, transport, identity, machine, freezer, log, randomBits,
                   [](const std::string&, const std::string&) {}, [] { return false; }};
  ::signal(SIGPIPE, SIG_IGN);
  Agent agent(std::move(parts), AgentOptions{kVersion, {}, {}, ""});
  if (!agent.enroll(server, token.text, token.caPin, error)) {
    return fail("The agent was not enrolled", error,
                "Check the server's address, and that the token is fresh and for this machine");
  }
  std::printf("Enrolled with %s. A running agent takes the identity up within seconds; one that was enrolled before: "
              "systemctl restart dvx-agent\n",
              toText(server).c_str());
  return kDone;
}

int runCommand(int count, char** arguments) {
  std::string configPath = "/etc/dvx-agent/agent.conf";
  bool named = false;
  int at = 1;
  if (at + 1 < count && std::strcmp(arguments[at], "--config") == 0) {
    configPath = arguments[at + 1];
    named = true;
    at += 2;
  }
  std::string command = at < count ? arguments[at++] : "";
  if (command == "--help" || command == "-h" || command == "help") {
    printUsage(stdout);
    return kDone;
  }
  if (command == "--version") {
    std::puts(kVersion);
    return kDone;
  }
  std::vector<std::string> rest(arguments + at, arguments + count);
  EnrollArguments enrollment;
  bool freeze = rest == std::vector<std::string>{"--freeze"};
  bool good = command == "enroll"     ? parseEnroll(rest, enrollment)
              : command == "selftest" ? rest.empty() || freeze
                                      : rest.empty();
  if (!good || (command != "run" && command != "enroll" && command != "selftest" && command != "thaw" &&
                command != "status")) {
    return usage();
  }
  Settings settings;
  std::string error;
  if (!loadSettings(configPath, named, settings, error)) {
    return fail("The configuration cannot be used", error, "Correct the file; linux-agent/README.md names every key");
  }
  ErrorLog log;
  if (command == "run") return runAgent(settings, log);
  if (command == "enroll") return enroll(settings, enrollment, log);
  if (command == "selftest") return selftest(settings, freeze);
  if (command == "thaw") return thaw(settings);
  return status(settings);
}

}  // namespace
}  // namespace dvx::agent

int main(int count, char** arguments) {
  if (count == 2 && std::strcmp(arguments[1], dvx::agent::kWatchdogCommand) == 0) {
    return dvx::agent::watchdogMain();
  }
  return dvx::agent::runCommand(count, arguments);
}
