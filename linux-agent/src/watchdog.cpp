#include "watchdog.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>

#include "boot_clock.h"
#include "thaw_crew.h"

namespace dvx::agent {
namespace {

constexpr int kSocketFd = 3;
constexpr int kPageFd = 4;
constexpr int kFirstMountFd = 5;
/** Where descriptors wait until they are put in their places in the child. */
constexpr int kHighFd = 512;
constexpr std::int64_t kReadyMillis = 5000;
constexpr std::int64_t kArmedMillis = 1000;
constexpr std::int64_t kLingerMillis = 60 * 1000;

volatile sig_atomic_t terminated = 0;

void onTerminate(int) { terminated = 1; }

/** Waits for a byte. 0: nothing within the time (or a signal). -1: the other end is gone. */
int waitByte(int socket, std::int64_t millis) {
  pollfd one{socket, POLLIN, 0};
  int ready = ::poll(&one, 1, static_cast<int>(std::clamp<std::int64_t>(millis, 0, 3600 * 1000)));
  if (ready <= 0) {
    return 0;
  }
  char byte = 0;
  ssize_t count = ::recv(socket, &byte, 1, MSG_DONTWAIT);
  if (count == 1) {
    return static_cast<unsigned char>(byte);
  }
  return count < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : -1;
}

bool sendByte(int socket, char byte) {
  ssize_t count;
  do {
    count = ::send(socket, &byte, 1, MSG_NOSIGNAL | MSG_DONTWAIT);
  } while (count < 0 && errno == EINTR);
  return count == 1;
}

/** Best effort, all of it before anything is frozen. */
void hardenProcess() {
  struct sigaction action {};
  action.sa_handler = onTerminate;
  ::sigaction(SIGTERM, &action, nullptr);
  ::sigaction(SIGINT, &action, nullptr);
  for (int ignored : {SIGHUP, SIGPIPE, SIGQUIT, SIGUSR1, SIGUSR2, SIGTSTP, SIGTTIN, SIGTTOU}) {
    ::signal(ignored, SIG_IGN);
  }
  ::prctl(PR_SET_NAME, "dvx-watchdog");
  Fd score(::open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC));
  if (score.valid() && ::write(score.get(), "-1000", 5) < 0) {
    // Without the right to it the watchdog is as likely a victim as others; the agent then thaws.
    errno = 0;
  }
  sched_param priority{};
  priority.sched_priority = 1;
  ::sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &priority);
}

/** Until the agent is gone or the time has come. */
void watch(HoldPage& page) {
  for (;;) {
    std::int64_t began = page.beganMicros.load();
    std::int64_t left = began == 0 ? 60 * 1000 : microsToMillis(holdDeadlineMicros(page) - bootMicros());
    if (terminated) {
      endHold(page, kEndSystem);
      return;
    }
    if (began != 0 && left <= 0) {
      endHold(page, kEndDeadman);
      return;
    }
    switch (waitByte(kSocketFd, std::min<std::int64_t>(left, 500))) {
      case 'B':
        sendByte(kSocketFd, 'b');
        break;
      case 'T':
        endHold(page, kEndSystem);
        return;
      case 'Q':
        page.freezingDone = 1;
        return;
      case -1:
        // A dead process is in no system call: all its FIFREEZE have ended.
        endHold(page, kEndSystem);
        page.freezingDone = 1;
        return;
      default:
        break;
    }
  }
}

}  // namespace

std::int64_t holdDeadlineMicros(const HoldPage& page) {
  std::int64_t margin = std::min<std::int64_t>(300 * 1000, page.holdLimitMicros / 10);
  return page.beganMicros.load() + page.holdLimitMicros - margin;
}

int watchdogMain() {
  void* memory = ::mmap(nullptr, sizeof(HoldPage), PROT_READ | PROT_WRITE, MAP_SHARED, kPageFd, 0);
  if (memory == MAP_FAILED) {
    return 2;
  }
  HoldPage& page = *static_cast<HoldPage*>(memory);
  if (page.magic != kHoldPageMagic || page.count < 1 || page.count > kMaxFileSystems) {
    return 2;
  }
  hardenProcess();
  int mounts[kMaxFileSystems];
  for (int i = 0; i < page.count; i++) {
    mounts[i] = kFirstMountFd + i;
  }
  static ThawCrew crew(page, mounts);
  if (!crew.start() || ::mlockall(MCL_CURRENT | MCL_FUTURE) != 0 || !sendByte(kSocketFd, 'R')) {
    crew.dismiss();
    return 1;
  }
  watch(page);
  if (page.beganMicros.load() == 0) {
    ::_exit(0);
  }
  crew.thaw();
  while (!crew.wait(20 * 1000)) {
    if (waitByte(kSocketFd, 0) == -1) {
      page.freezingDone = 1;
    }
  }
  sendByte(kSocketFd, 'D');
  std::int64_t until = bootMillis() + kLingerMillis;
  for (int heard = 0; heard != -1 && heard != 'Q' && bootMillis() < until;) {
    heard = waitByte(kSocketFd, 1000);
  }
  ::_exit(0);
}

Watchdog::~Watchdog() {
  finish();
  if (page_ != nullptr) {
    ::munmap(page_, sizeof(HoldPage));
  }
}

bool Watchdog::start(const std::vector<int>& mounts, std::int64_t holdLimitMillis, std::string& error) {
  auto fail = [&](const char* what) {
    error = std::string(what) + ": " + errnoText();
    return false;
  };
  if (mounts.empty() || mounts.size() > kMaxFileSystems) {
    error = "more file systems than one freeze can hold";
    return false;
  }
  Fd memory(::memfd_create("dvx-hold", MFD_CLOEXEC));
  if (!memory.valid() || ::ftruncate(memory.get(), sizeof(HoldPage)) != 0) {
    return fail("no shared memory");
  }
  void* mapped = ::mmap(nullptr, sizeof(HoldPage), PROT_READ | PROT_WRITE, MAP_SHARED, memory.get(), 0);
  if (mapped == MAP_FAILED) {
    return fail("no shared memory");
  }
  page_ = new (mapped) HoldPage{};
  page_->magic = kHoldPageMagic;
  page_->count = static_cast<std::int32_t>(mounts.size());
  page_->holdLimitMicros = holdLimitMillis * 1000;
  int pair[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) {
    return fail("no socket");
  }
  socket_ = Fd(pair[0]);
  Fd other(pair[1]);

  // Copies above all target numbers, so that no dup2 in the child overwrites a source. Those are closed by exec.
  std::vector<Fd> sources;
  std::vector<int> originals = {other.get(), memory.get()};
  originals.insert(originals.end(), mounts.begin(), mounts.end());
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  bool good = posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDWR, 0) == 0 &&
              posix_spawn_file_actions_adddup2(&actions, 0, 1) == 0 &&
              posix_spawn_file_actions_adddup2(&actions, 0, 2) == 0;
  for (int original : originals) {
    sources.emplace_back(::fcntl(original, F_DUPFD_CLOEXEC, kHighFd));
    int target = kSocketFd + static_cast<int>(sources.size()) - 1;
    good = good && sources.back().valid() &&
           posix_spawn_file_actions_adddup2(&actions, sources.back().get(), target) == 0;
  }
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none;
  sigset_t all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  char program[] = "dvx-agent";
  char command[16];
  std::strncpy(command, kWatchdogCommand, sizeof command - 1);
  command[sizeof command - 1] = '\0';
  char* arguments[] = {program, command, nullptr};
  char* environment[] = {nullptr};
  int result = good ? posix_spawn(&process_, "/proc/self/exe", &actions, &attributes, arguments, environment) : EMFILE;
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  if (result != 0) {
    process_ = -1;
    errno = result;
    return fail("the watchdog cannot be started");
  }
  other.reset();
  if (!expect('R', kReadyMillis)) {
    error = "the watchdog did not become ready";
    return false;
  }
  return true;
}

bool Watchdog::expect(char wanted, std::int64_t limitMillis) {
  std::int64_t until = bootMillis() + limitMillis;
  for (std::int64_t left = limitMillis; left > 0; left = until - bootMillis()) {
    int heard = waitByte(socket_.get(), left);
    if (heard != 0) {
      return heard == wanted;
    }
  }
  return false;
}

bool Watchdog::begin() {
  page_->beganMicros = bootMicros();
  return sendByte(socket_.get(), 'B') && expect('b', kArmedMillis);
}

void Watchdog::askThaw() { sendByte(socket_.get(), 'T'); }

Heard Watchdog::hear() {
  int heard = waitByte(socket_.get(), 0);
  return heard == 'D' ? Heard::kDone : heard == -1 ? Heard::kGone : Heard::kNothing;
}

void Watchdog::finish() {
  if (process_ < 0) {
    return;
  }
  sendByte(socket_.get(), 'Q');
  socket_.reset();
  // It ends at once; one that does not (it was stopped) is left to the system when the agent ends.
  for (int i = 0; i < 200; i++) {
    if (::waitpid(process_, nullptr, WNOHANG) != 0) {
      process_ = -1;
      return;
    }
    ::usleep(5000);
  }
  ::kill(process_, SIGKILL);
  ::waitpid(process_, nullptr, 0);
  process_ = -1;
}

}  // namespace dvx::agent
