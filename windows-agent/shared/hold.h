// What the requester (dvx-agent.exe) and the provider (dvx-vss-provider.dll) share while one
// snapshot set is taken: a block of memory and three named events. The requester makes them and
// the provider only opens them; all are open to SYSTEM alone.
#pragma once

#include <windows.h>

namespace dvx {

/** The provider's class and its id towards VSS. */
constexpr GUID kProviderClass = {0x635ad16a, 0xebcc, 0x4509, {0xa3, 0x50, 0xde, 0xcf, 0x7d, 0xd3, 0xae, 0xa7}};
constexpr GUID kProviderId = {0xd66e0246, 0x8019, 0x46f4, {0xad, 0x78, 0xdc, 0x3b, 0xd2, 0xb3, 0x89, 0x49}};
/** Names this version of the provider; changes when the provider's behaviour does. */
constexpr GUID kProviderVersionId = {0x96dc703f, 0xd3a6, 0x4cf9, {0xb5, 0xd9, 0x8a, 0x61, 0x5a, 0xcd, 0x53, 0x5d}};
/** The type library of the provider and its COM+ application. */
constexpr GUID kProviderLibrary = {0xe1ec6dfe, 0xa7a5, 0x43d3, {0x95, 0x41, 0x25, 0x35, 0xfe, 0x15, 0x09, 0x3d}};
constexpr GUID kProviderApplication = {0xe5740dd2, 0x286a, 0x41e6, {0x8e, 0x42, 0x4a, 0x86, 0xf2, 0x7d, 0x87, 0x1d}};

constexpr wchar_t kProviderName[] = L"OpenDVX Snapshot Provider";
constexpr wchar_t kProviderVersion[] = L"1.0";

constexpr wchar_t kSectionName[] = L"Global\\OpenDVX-Hold-Session";
/** Set by the provider: writes are held. */
constexpr wchar_t kHeldEventName[] = L"Global\\OpenDVX-Hold-Held";
/** Set by the requester: let go, for the reason in `command`. */
constexpr wchar_t kReleaseEventName[] = L"Global\\OpenDVX-Hold-Release";
/** Set by the provider: it has let go; the block says when and why. */
constexpr wchar_t kReleasedEventName[] = L"Global\\OpenDVX-Hold-Released";

/** Nothing holds a guest's writes for longer, whatever it is asked for. */
constexpr DWORD kMaxHoldMillis = 8000;

/** Why a hold ended, in the words of the agent protocol. */
enum Release : LONG {
  kReleaseNone = 0,
  kReleaseCommitted = 1,
  kReleaseDeadman = 2,
  kReleaseAbort = 3,
  kReleaseLost = 4,
  kReleaseSystem = 5,
};

constexpr DWORD kHoldMagic = 0x41585644;  // "DVXA"
constexpr DWORD kHoldVersion = 1;

/** Times are ticks of QueryPerformanceCounter, which all processes of one machine share. */
struct HoldBlock {
  DWORD magic;
  DWORD version;
  /** The requester, whose death releases the hold. */
  DWORD requesterProcess;
  DWORD holdLimitMillis;
  /** Creation time of the requester, so that a reused process id is no match. */
  LONGLONG requesterStarted;
  /** A Release: what the requester asks for; read once the release event is set. */
  volatile LONG command;
  /** A Release: what happened. */
  volatile LONG released;
  /** Volumes that VSS gave to the provider in this set. */
  volatile LONG volumes;
  LONG reserved;
  /** The last moment before VSS freezes the writers (EndPrepareSnapshots has been answered). */
  volatile LONGLONG preparedTicks;
  /** Writers are frozen; VSS starts to flush and hold the file systems (PreCommitSnapshots). */
  volatile LONGLONG preCommitTicks;
  /** All file systems are held (CommitSnapshots). */
  volatile LONGLONG heldTicks;
  /** The provider let go. */
  volatile LONGLONG releasedTicks;
};

static_assert(sizeof(HoldBlock) <= 4096, "one page, so that it can be locked in memory");

/** Monotonic ticks; the clock of every hold time that the agent reports. */
inline LONGLONG ticksNow() {
  LARGE_INTEGER now;
  QueryPerformanceCounter(&now);
  return now.QuadPart;
}

inline LONGLONG ticksPerSecond() {
  LARGE_INTEGER frequency;
  QueryPerformanceFrequency(&frequency);
  return frequency.QuadPart;
}

/** Milliseconds between two readings, rounded up: a hold is never reported shorter than it was. */
inline LONGLONG millisBetween(LONGLONG from, LONGLONG to) {
  if (from == 0 || to <= from) {
    return 0;
  }
  LONGLONG perSecond = ticksPerSecond();
  LONGLONG ticks = to - from;
  return ticks / perSecond * 1000 + (ticks % perSecond * 1000 + perSecond - 1) / perSecond;
}

}  // namespace dvx
