// The simulator's VSS service: a process of its own, as on Windows, that loads the real provider,
// plays the writers and holds "the volumes". It takes commands from the fake vssapi.dll as lines on
// its standard input, and outlives the agent when that dies. Faults: see test/README.md.
// clang-format off
#include <windows.h>
#include <vss.h>
#include <vsprov.h>
#include <vsbackup.h>
#include <vsserror.h>
// clang-format on

#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "fake_common.h"

namespace {

struct Writer {
  const char* name;
  const char* id;
  const char* instance;
  /** `type,logical path,name,selectable`; separated by semicolons. */
  const char* components;
  int state;
  HRESULT failure;
  /** Its service has ended: VSS lists it no more. */
  bool gone = false;
};

// A Windows server with SQL Server: its writers with their well-known ids.
Writer writers[] = {
    {"SqlServerWriter", "{A65FAA63-5EA8-4EBC-9DBD-A0C4DB26912A}",
     "{0C2A4A51-7E0C-4F2C-9E0A-3A6D5A3B0001}",
     "1,SQL01,master,1;1,SQL01,model,1;1,SQL01,msdb,1;1,SQL01,orders,1;1,SQL01\\ag,ledger,1",
     VSS_WS_STABLE, S_OK},
    {"System Writer", "{E8132975-6F93-4464-A53E-1050253AE220}",
     "{0C2A4A51-7E0C-4F2C-9E0A-3A6D5A3B0002}", "2,,System Files,0", VSS_WS_STABLE, S_OK},
    {"Registry Writer", "{AFBAB4A2-367D-4D15-A586-71DBB18F8485}",
     "{0C2A4A51-7E0C-4F2C-9E0A-3A6D5A3B0003}", "2,,Registry,0", VSS_WS_STABLE, S_OK},
    {"COM+ REGDB Writer", "{542DA469-D3E1-473C-9F4F-7847F01FC64F}",
     "{0C2A4A51-7E0C-4F2C-9E0A-3A6D5A3B0004}", "2,,COM+ REGDB,0", VSS_WS_STABLE, S_OK},
    {"WMI Writer", "{A6AD56C2-B509-4E6C-BB19-49D8F43532F0}",
     "{0C2A4A51-7E0C-4F2C-9E0A-3A6D5A3B0005}", "2,,WMI,1", VSS_WS_STABLE, S_OK},
    {"Shadow Copy Optimization Writer", "{4DC3BDD4-AB48-4D07-ADB0-3BEE2926FD7F}",
     "{0C2A4A51-7E0C-4F2C-9E0A-3A6D5A3B0006}", "", VSS_WS_STABLE, S_OK},
    {"ASR Writer", "{BE000CBE-11FE-4426-9C58-531AA6355FC4}",
     "{0C2A4A51-7E0C-4F2C-9E0A-3A6D5A3B0007}", "2,,ASR,0", VSS_WS_STABLE, S_OK},
};

std::map<std::string, std::string> script;
HANDLE agent = nullptr;
HANDLE setMutex = nullptr;
IVssSoftwareSnapshotProvider* provider = nullptr;
IVssProviderCreateSnapshotSet* sets = nullptr;
IVssProviderNotifications* notifications = nullptr;
GUID set = {};
LONG context = 0;
long long volumeCount = 0;
bool setOpen = false;

std::string setting(const std::string& key) {
  auto found = script.find(key);
  return found == script.end() ? std::string() : found->second;
}

DWORD number(const std::string& key, DWORD otherwise) {
  std::string text = setting(key);
  return text.empty() ? otherwise : static_cast<DWORD>(strtoul(text.c_str(), nullptr, 0));
}

/** A point between two calls: the script may kill or hang a process here. */
void point(const std::string& name) {
  fake::log("call " + name);
  if (setting("killAgentBefore") == name) {
    fake::log("killing the agent");
    TerminateProcess(agent, 99);
    WaitForSingleObject(agent, 5000);
  }
  if (setting("crashBefore") == name) {
    fake::log("VSS crashes");
    fake::flushLog();
    TerminateProcess(GetCurrentProcess(), 98);
  }
  DWORD pause = number("pauseBefore." + name, 0);
  if (pause != 0) {
    Sleep(pause);
  }
}

/** What the script says this call answers; S_OK: the call is made. */
HRESULT verdict(const std::string& call) {
  std::string text = setting("fail." + call);
  return text.empty() ? S_OK : static_cast<HRESULT>(strtoul(text.c_str(), nullptr, 16));
}

HRESULT loadProvider(const std::string& id) {
  if (provider != nullptr) {
    return S_OK;
  }
  std::wstring key = std::wstring(fake::kProviders) + L"\\" + fake::wide(id);
  std::wstring clsidText = fake::readText(HKEY_LOCAL_MACHINE, key, L"ClassId");
  CLSID clsid;
  if (clsidText.empty() || FAILED(CLSIDFromString(clsidText.c_str(), &clsid))) {
    return VSS_E_PROVIDER_NOT_REGISTERED;
  }
  HRESULT result = CoCreateInstance(clsid, nullptr, CLSCTX_INPROC_SERVER,
                                    IID_IVssSoftwareSnapshotProvider,
                                    reinterpret_cast<void**>(&provider));
  if (FAILED(result)) {
    fake::log("the provider's class cannot be made");
    return VSS_E_UNEXPECTED_PROVIDER_ERROR;
  }
  provider->QueryInterface(IID_IVssProviderCreateSnapshotSet, reinterpret_cast<void**>(&sets));
  provider->QueryInterface(IID_IVssProviderNotifications, reinterpret_cast<void**>(&notifications));
  point("OnLoad");
  notifications->OnLoad(nullptr);
  return provider->SetContext(context);
}

void unloadProvider() {
  if (provider == nullptr) {
    return;
  }
  notifications->OnUnload(TRUE);
  notifications->Release();
  sets->Release();
  provider->Release();
  provider = nullptr;
}

void closeSet() {
  if (setOpen) {
    ReleaseMutex(setMutex);
    setOpen = false;
  }
}

/** Lets each writer pass a stage, unless the script makes it fail there. */
void writersAt(const char* stage, int goodState, int failedState) {
  for (Writer& writer : writers) {
    std::string prefix = std::string("writer.") + writer.name + ".";
    DWORD millis = number(prefix + stage + "Millis", 0);
    if (millis != 0) {
      Sleep(millis);
    }
    if (setting(prefix + "vanishAt") == stage) {
      writer.gone = true;
      fake::log(std::string("writer ") + writer.name + " is gone at " + stage);
    }
    std::vector<std::string> fault = fake::split(setting(prefix + "failAt"), ':');
    if (FAILED(writer.failure)) {
      continue;
    }
    if (fault.size() == 2 && fault[0] == stage) {
      writer.state = failedState;
      writer.failure = static_cast<HRESULT>(strtoul(fault[1].c_str(), nullptr, 16));
      fake::log(std::string("writer ") + writer.name + " failed at " + stage);
    } else {
      writer.state = goodState;
    }
  }
}

void abortWriters() {
  for (Writer& writer : writers) {
    if (SUCCEEDED(writer.failure)) {
      writer.state = VSS_WS_STABLE;
    }
  }
  fake::log("writers thawed");
}

DWORD WINAPI commitThread(LPVOID) {
  return static_cast<DWORD>(sets->CommitSnapshots(set));
}

using SuspendProcess = LONG(NTAPI*)(HANDLE);

/** Hangs the agent, as a debugger or a stuck driver would. */
void suspendAgent(const char* entry) {
  HMODULE module = GetModuleHandleW(L"ntdll.dll");
  auto call =
      reinterpret_cast<SuspendProcess>(reinterpret_cast<void*>(GetProcAddress(module, entry)));
  if (call != nullptr) {
    call(agent);
    fake::log(entry);
  }
}

/** Kills the agent while writes are held. */
DWORD WINAPI killThread(LPVOID) {
  Sleep(200);
  fake::log("killing the agent in the hold");
  TerminateProcess(agent, 99);
  return 0;
}

/** The VSS process dies while writes are held, and the provider with it. */
DWORD WINAPI crashThread(LPVOID) {
  Sleep(200);
  fake::log("VSS crashes");
  fake::flushLog();
  TerminateProcess(GetCurrentProcess(), 98);
  return 0;
}

HRESULT commit() {
  if (setting("killAgentInHold") == "1") {
    CloseHandle(CreateThread(nullptr, 0, killThread, nullptr, 0, nullptr));
  }
  if (setting("crashInHold") == "1") {
    CloseHandle(CreateThread(nullptr, 0, crashThread, nullptr, 0, nullptr));
  }
  DWORD limit = number("holdLimit", 10000);
  ULONGLONG start = GetTickCount64();
  fake::log("HOLD begin");
  HRESULT result = verdict("CommitSnapshots");
  if (SUCCEEDED(result)) {
    if (setting("hangAgent") == "1") {
      suspendAgent("NtSuspendProcess");
    }
    HANDLE thread = CreateThread(nullptr, 0, commitThread, nullptr, 0, nullptr);
    DWORD code = 0;
    if (WaitForSingleObject(thread, limit) == WAIT_TIMEOUT) {
      fake::log("HOLD cancelled by Windows after " + std::to_string(GetTickCount64() - start));
      WaitForSingleObject(thread, 30000);
      GetExitCodeThread(thread, &code);
      result = VSS_E_HOLD_WRITES_TIMEOUT;
    } else {
      GetExitCodeThread(thread, &code);
      result = static_cast<HRESULT>(code);
    }
    CloseHandle(thread);
  }
  fake::log("HOLD end after " + std::to_string(GetTickCount64() - start) + " result " +
            std::to_string(static_cast<unsigned long>(result)));
  if (setting("hangAgent") == "1") {
    Sleep(300);
    suspendAgent("NtResumeProcess");
  }
  return result;
}

HRESULT doSnapshotSet() {
  point("EndPrepareSnapshots");
  HRESULT result = verdict("EndPrepareSnapshots");
  if (SUCCEEDED(result)) {
    result = sets->EndPrepareSnapshots(set);
  }
  if (FAILED(result)) {
    sets->AbortSnapshots(set);
    closeSet();
    return result;
  }
  if ((context & VSS_VOLSNAP_ATTR_NO_WRITERS) == 0) {
    writersAt("prepareSnapshot", VSS_WS_WAITING_FOR_FREEZE, VSS_WS_FAILED_AT_PREPARE_SNAPSHOT);
    writersAt("freeze", VSS_WS_WAITING_FOR_THAW, VSS_WS_FAILED_AT_FREEZE);
    fake::log("writers frozen");
  }
  point("PreCommitSnapshots");
  result = verdict("PreCommitSnapshots");
  if (SUCCEEDED(result)) {
    result = sets->PreCommitSnapshots(set);
  }
  if (SUCCEEDED(result)) {
    Sleep(number("flushMillis", 0));
    point("CommitSnapshots");
    result = verdict("Flush");
    if (SUCCEEDED(result)) {
      result = commit();
    }
  }
  if (SUCCEEDED(result)) {
    point("PostCommitSnapshots");
    result = verdict("PostCommitSnapshots");
    if (SUCCEEDED(result)) {
      result = sets->PostCommitSnapshots(set, static_cast<LONG>(volumeCount));
    }
  }
  if (FAILED(result)) {
    point("AbortSnapshots");
    sets->AbortSnapshots(set);
    abortWriters();
  } else {
    writersAt("thaw", VSS_WS_WAITING_FOR_POST_SNAPSHOT, VSS_WS_FAILED_AT_THAW);
    fake::log("writers thawed");
    writersAt("postSnapshot", VSS_WS_WAITING_FOR_BACKUP_COMPLETE, VSS_WS_FAILED_AT_POST_SNAPSHOT);
  }
  closeSet();
  return result;
}

std::string hex(HRESULT value) {
  char text[16];
  snprintf(text, sizeof text, "0x%08lX", static_cast<unsigned long>(value));
  return text;
}

HRESULT execute(const std::vector<std::string>& words, std::vector<std::string>& answer) {
  const std::string& command = words[0];
  point(command);
  HRESULT planned = verdict(command);
  if (FAILED(planned)) {
    return planned;
  }
  if (command == "SetContext") {
    context = static_cast<LONG>(strtoul(words.at(1).c_str(), nullptr, 16));
    bool transportable = (context & VSS_VOLSNAP_ATTR_TRANSPORTABLE) != 0;
    return transportable && setting("transportable") == "0" ? VSS_E_UNSUPPORTED_CONTEXT : S_OK;
  }
  if (command == "GatherWriterMetadata") {
    for (const Writer& writer : writers) {
      answer.push_back(std::string(writer.name) + "\t" + writer.id + "\t" + writer.instance + "\t" +
                       writer.components);
    }
    return S_OK;
  }
  if (command == "StartSnapshotSet") {
    if (WaitForSingleObject(setMutex, 0) == WAIT_TIMEOUT) {
      return VSS_E_SNAPSHOT_SET_IN_PROGRESS;
    }
    setOpen = true;
    CoCreateGuid(&set);
    answer.push_back(fake::utf8(fake::guidText(set)));
    return S_OK;
  }
  if (command == "AddToSnapshotSet") {
    HRESULT result = loadProvider(words.at(2));
    if (FAILED(result)) {
      return result;
    }
    std::wstring volume = fake::wide(words.at(1));
    WINBOOL supported = FALSE;
    result = provider->IsVolumeSupported(&volume[0], &supported);
    if (FAILED(result) || !supported) {
      return FAILED(result) ? result : VSS_E_VOLUME_NOT_SUPPORTED_BY_PROVIDER;
    }
    point("BeginPrepareSnapshot");
    result = verdict("BeginPrepareSnapshot");
    GUID snapshot;
    CoCreateGuid(&snapshot);
    if (SUCCEEDED(result)) {
      result = provider->BeginPrepareSnapshot(set, snapshot, &volume[0], context);
    }
    volumeCount++;
    return result;
  }
  if (command == "PrepareForBackup") {
    writersAt("prepareBackup", VSS_WS_STABLE, VSS_WS_FAILED_AT_PREPARE_BACKUP);
    return S_OK;
  }
  if (command == "DoSnapshotSet") {
    fake::bufferLog(true);
    HRESULT result = doSnapshotSet();
    fake::log("set over");
    fake::bufferLog(false);
    return result;
  }
  if (command == "GatherWriterStatus") {
    for (const Writer& writer : writers) {
      if (writer.gone) {
        continue;
      }
      answer.push_back(std::string(writer.name) + "\t" + writer.id + "\t" + writer.instance + "\t" +
                       std::to_string(writer.state) + "\t" + hex(writer.failure));
    }
    return S_OK;
  }
  if (command == "BackupComplete") {
    writersAt("backupComplete", VSS_WS_STABLE, VSS_WS_FAILED_AT_BACKUP_COMPLETE);
    return S_OK;
  }
  if (command == "AbortBackup") {
    if (provider != nullptr && setOpen) {
      sets->AbortSnapshots(set);
    }
    abortWriters();
    closeSet();
  }
  return S_OK;  // SetBackupState, AddComponent, SetBackupSucceeded, InitializeForBackup
}

}  // namespace

int wmain(int count, wchar_t** arguments) {
  if (count > 1 && wcscmp(arguments[1], L"--keep") == 0) {
    Sleep(INFINITE);  // Wine's services end with the last program; this one stays
  }
  script = fake::readScript();
  DWORD parent = count > 1 ? static_cast<DWORD>(_wtoi(arguments[1])) : 0;
  agent = OpenProcess(PROCESS_ALL_ACCESS, FALSE, parent);
  setMutex = CreateMutexW(nullptr, FALSE, L"Global\\DVX-Fake-Snapshot-Set");
  CoInitializeEx(nullptr, COINIT_MULTITHREADED);
  char line[8192];
  while (fgets(line, sizeof line, stdin) != nullptr) {
    std::string text(line);
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) {
      text.pop_back();
    }
    std::vector<std::string> answer;
    HRESULT result = execute(fake::split(text, '\t'), answer);
    printf("%s\t%u\n", hex(result).c_str(), static_cast<unsigned>(answer.size()));
    for (const std::string& row : answer) {
      printf("%s\n", row.c_str());
    }
    fflush(stdout);
  }
  // The requester is gone: VSS cleans up after it.
  if (setOpen && provider != nullptr) {
    fake::log("requester gone, set aborted");
    sets->AbortSnapshots(set);
    abortWriters();
    closeSet();
  }
  unloadProvider();
  return 0;
}
