#include "process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

#include <algorithm>
#include <cerrno>

#include "boot_clock.h"
#include "fd.h"

namespace dvx::agent {
namespace {

constexpr std::int64_t kLookMillis = 50;

std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> list;
  for (const std::string& text : texts) {
    list.push_back(const_cast<char*>(text.c_str()));
  }
  list.push_back(nullptr);
  return list;
}

/** Reads what is there; false at the end. */
bool drain(int pipe, std::size_t maxOutput, std::string& output) {
  char buffer[4096];
  for (;;) {
    ssize_t count = ::read(pipe, buffer, sizeof buffer);
    if (count > 0) {
      output.append(buffer, std::min(static_cast<std::size_t>(count), maxOutput - std::min(maxOutput, output.size())));
    } else if (count == 0) {
      return false;
    } else if (errno != EINTR) {
      return errno == EAGAIN;
    }
  }
}

int spawn(const std::vector<std::string>& command, const std::vector<std::string>& environment, int output,
          pid_t& process) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, output, 1);
  posix_spawn_file_actions_adddup2(&actions, output, 2);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none;
  sigset_t all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  int result = posix_spawn(&process, command[0].c_str(), &actions, &attributes, pointers(command).data(),
                           pointers(environment).data());
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  return result;
}

}  // namespace

ProcessResult runProcess(const std::vector<std::string>& command, const std::vector<std::string>& environment,
                         std::int64_t limitMillis, std::size_t maxOutput, const std::function<bool()>& cancelled) {
  ProcessResult result;
  std::int64_t began = bootMillis();
  int pipes[2];
  if (::pipe2(pipes, O_CLOEXEC) != 0) {
    result.output = "no pipe: " + errnoText();
    return result;
  }
  Fd reader(pipes[0]);
  Fd writer(pipes[1]);
  ::fcntl(reader.get(), F_SETFL, O_NONBLOCK);
  pid_t process = -1;
  int started = spawn(command, environment, writer.get(), process);
  writer.reset();
  if (started != 0) {
    errno = started;
    result.output = "cannot be started: " + errnoText();
    return result;
  }
  int status = 0;
  bool open = true;
  for (;;) {
    if (open) {
      pollfd one{reader.get(), POLLIN, 0};
      ::poll(&one, 1, kLookMillis);
      open = drain(reader.get(), maxOutput, result.output);
    } else {
      ::usleep(kLookMillis * 100);
    }
    if (::waitpid(process, &status, WNOHANG) == process) {
      break;
    }
    if (bootMillis() - began >= limitMillis || cancelled()) {
      result.timedOut = true;
      ::kill(-process, SIGKILL);
      ::waitpid(process, &status, 0);
      break;
    }
  }
  if (open) {
    drain(reader.get(), maxOutput, result.output);
  }
  result.millis = bootMillis() - began;
  result.exit = !result.timedOut && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return result;
}

}  // namespace dvx::agent
