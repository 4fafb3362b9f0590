/*
 * Preloaded into Wine: what happens to a whole guest, and no program in it can be told to expect.
 * The file that DVX_GUEST_FAULTS names holds two numbers of 8 bytes, which a test changes while Wine
 * runs: seconds by which the guest's time of day is off, and 1 while no byte can be written into the
 * agent's data folder because the disk is full. The monotonic clock stays as it is.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

struct faults {
  int64_t clock_seconds;
  int64_t disk_full;
};

static const struct faults none;
static const volatile struct faults *faults = &none;

__attribute__((constructor)) static void start(void) {
  const char *path = getenv("DVX_GUEST_FAULTS");
  int file = path == NULL ? -1 : open(path, O_RDONLY | O_CLOEXEC);
  if (file >= 0) {
    void *page = mmap(NULL, sizeof none, PROT_READ, MAP_SHARED, file, 0);
    if (page != MAP_FAILED) {
      faults = page;
    }
    close(file);
  }
}

static void *next(const char *name) { return dlsym(RTLD_NEXT, name); }

int clock_gettime(clockid_t clock, struct timespec *now) {
  static int (*real)(clockid_t, struct timespec *);
  if (real == NULL) {
    real = next("clock_gettime");
  }
  int result = real(clock, now);
  if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) {
    now->tv_sec += faults->clock_seconds;
  }
  return result;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
  static int (*real)(struct timeval *, void *);
  if (real == NULL) {
    real = next("gettimeofday");
  }
  int result = real(now, zone);
  if (result == 0) {
    now->tv_sec += faults->clock_seconds;
  }
  return result;
}

time_t time(time_t *out) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  if (out != NULL) {
    *out = now.tv_sec;
  }
  return now.tv_sec;
}

/* Whether a write into this file finds the disk full; errno is set then. */
static int full(int file) {
  char link[64];
  char path[4096];
  if (faults->disk_full == 0) {
    return 0;
  }
  snprintf(link, sizeof link, "/proc/self/fd/%d", file);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length <= 0) {
    return 0;
  }
  path[length] = 0;
  if (strstr(path, "/ProgramData/DVX/") == NULL) {
    return 0;
  }
  errno = ENOSPC;
  return 1;
}

ssize_t write(int file, const void *bytes, size_t count) {
  static ssize_t (*real)(int, const void *, size_t);
  if (real == NULL) {
    real = next("write");
  }
  return full(file) ? -1 : real(file, bytes, count);
}

ssize_t writev(int file, const struct iovec *parts, int count) {
  static ssize_t (*real)(int, const struct iovec *, int);
  if (real == NULL) {
    real = next("writev");
  }
  return full(file) ? -1 : real(file, parts, count);
}

ssize_t pwrite(int file, const void *bytes, size_t count, off_t at) {
  static ssize_t (*real)(int, const void *, size_t, off_t);
  if (real == NULL) {
    real = next("pwrite");
  }
  return full(file) ? -1 : real(file, bytes, count, at);
}

ssize_t pwrite64(int file, const void *bytes, size_t count, off64_t at) {
  static ssize_t (*real)(int, const void *, size_t, off64_t);
  if (real == NULL) {
    real = next("pwrite64");
  }
  return full(file) ? -1 : real(file, bytes, count, at);
}
