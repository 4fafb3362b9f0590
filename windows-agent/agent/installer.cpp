#include "installer.h"

// clang-format off
#include <windows.h>
#include <aclapi.h>
#include <sddl.h>
// clang-format on

#include <cstdio>

#include "event_log.h"
#include "hook_folder.h"
#include "identity.h"
#include "text.h"

namespace dvx {
namespace {

/** SYSTEM and administrators, inherited by all that is below; nothing comes from above. */
constexpr wchar_t kDataAccess[] = L"D:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)";
constexpr DWORD kServiceWaitMillis = 60 * 1000;

class ServiceHandle {
 public:
  explicit ServiceHandle(SC_HANDLE handle) : handle_(handle) {}
  ~ServiceHandle() {
    if (handle_ != nullptr) {
      CloseServiceHandle(handle_);
    }
  }
  ServiceHandle(const ServiceHandle&) = delete;
  ServiceHandle& operator=(const ServiceHandle&) = delete;
  SC_HANDLE get() const { return handle_; }
  explicit operator bool() const { return handle_ != nullptr; }

 private:
  SC_HANDLE handle_;
};

bool fail(const char* what, DWORD code, std::string& error) {
  error = std::string(what) + ": " + systemMessage(code);
  return false;
}

bool isFolder(const std::wstring& path) {
  DWORD attributes = GetFileAttributesW(path.c_str());
  return attributes != INVALID_FILE_ATTRIBUTES && (attributes & FILE_ATTRIBUTE_DIRECTORY) != 0;
}

bool makeFolder(const std::wstring& path, std::string& error) {
  if (!CreateDirectoryW(path.c_str(), nullptr) && GetLastError() != ERROR_ALREADY_EXISTS) {
    return fail("cannot make a folder", GetLastError(), error);
  }
  PSECURITY_DESCRIPTOR descriptor = nullptr;
  if (!ConvertStringSecurityDescriptorToSecurityDescriptorW(kDataAccess, SDDL_REVISION_1,
                                                            &descriptor, nullptr)) {
    return fail("cannot make an access list", GetLastError(), error);
  }
  PACL list = nullptr;
  BOOL present = FALSE, defaulted = FALSE;
  GetSecurityDescriptorDacl(descriptor, &present, &list, &defaulted);
  DWORD result = SetNamedSecurityInfoW(
      const_cast<wchar_t*>(path.c_str()), SE_FILE_OBJECT,
      DACL_SECURITY_INFORMATION | PROTECTED_DACL_SECURITY_INFORMATION, nullptr, nullptr, list,
      nullptr);
  LocalFree(descriptor);
  return result == ERROR_SUCCESS || fail("cannot set the access list of a folder", result, error);
}

std::vector<std::wstring> dataFolders(const Paths& paths) {
  return {paths.data, paths.identity, paths.preFreeze, paths.postThaw};
}

Presence queryData(const Paths& paths) {
  if (isFolder(paths.data) && !ownerTrusted(paths.data)) {
    return Presence::kDifferent;
  }
  for (const std::wstring& folder : dataFolders(paths)) {
    if (!isFolder(folder)) {
      return folder == paths.data ? Presence::kAbsent : Presence::kDifferent;
    }
  }
  return fileExists(paths.config) ? Presence::kPresent : Presence::kDifferent;
}

/**
 * Every user may make folders in %ProgramData%: one who was quicker than the installer could own the
 * settings of a service that runs as SYSTEM.
 */
bool refuseForeign(const Paths& paths, std::string& error) {
  std::vector<std::wstring> all = dataFolders(paths);
  all.push_back(paths.config);
  for (const std::wstring& path : all) {
    if (GetFileAttributesW(path.c_str()) != INVALID_FILE_ATTRIBUTES && !ownerTrusted(path)) {
      error = toUtf8(path) +
              " is there already and belongs to neither SYSTEM nor the administrators: look at it, "
              "remove it, and install again";
      return false;
    }
  }
  return true;
}

bool applyData(const Paths& paths, std::string& error) {
  if (!refuseForeign(paths, error)) {
    return false;
  }
  for (const std::wstring& folder : dataFolders(paths)) {
    if (!makeFolder(folder, error)) {
      return false;
    }
  }
  // Settings that are there stay as they are: an upgrade changes none.
  return fileExists(paths.config) || writeFileAtomically(paths.config, defaultSettingsText()) ||
         fail("cannot write agent.conf", GetLastError(), error);
}

bool removeTree(const std::wstring& folder, int depth) {
  WIN32_FIND_DATAW found;
  HANDLE search = FindFirstFileW((folder + L"\\*").c_str(), &found);
  if (search != INVALID_HANDLE_VALUE) {
    do {
      std::wstring name = found.cFileName;
      if (name == L"." || name == L"..") {
        continue;
      }
      std::wstring path = folder + L"\\" + name;
      bool link = (found.dwFileAttributes & FILE_ATTRIBUTE_REPARSE_POINT) != 0;
      if ((found.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY) == 0) {
        DeleteFileW(path.c_str());
      } else if (link || depth == 0) {
        RemoveDirectoryW(path.c_str());  // a junction goes, what it points to stays
      } else {
        removeTree(path, depth - 1);
      }
    } while (FindNextFileW(search, &found));
    FindClose(search);
  }
  return RemoveDirectoryW(folder.c_str()) != 0 || GetLastError() == ERROR_FILE_NOT_FOUND ||
         GetLastError() == ERROR_PATH_NOT_FOUND;
}

bool removeData(const Paths& paths, std::string& error) {
  Settings settings;
  std::string ignored;
  loadSettings(paths, settings, ignored);
  WindowsIdentity(paths, settings.keyStore).destroyAll();
  RegDeleteTreeW(HKEY_LOCAL_MACHINE, L"SOFTWARE\\OpenDVX");
  return !isFolder(paths.data) || removeTree(paths.data, 8) ||
         fail("cannot remove the data folder", GetLastError(), error);
}

std::wstring serviceCommand(const std::wstring& folder) {
  return L"\"" + folder + L"\\dvx-agent.exe\" service";
}

Presence queryService(const std::wstring& folder) {
  ServiceHandle manager(OpenSCManagerW(nullptr, nullptr, SC_MANAGER_CONNECT));
  ServiceHandle service(
      manager ? OpenServiceW(manager.get(), kServiceName, SERVICE_QUERY_CONFIG) : nullptr);
  if (!service) {
    return Presence::kAbsent;
  }
  std::vector<unsigned char> buffer(8192);
  DWORD needed = 0;
  auto* config = reinterpret_cast<QUERY_SERVICE_CONFIGW*>(buffer.data());
  if (!QueryServiceConfigW(service.get(), config, static_cast<DWORD>(buffer.size()), &needed) ||
      lower(config->lpBinaryPathName) != lower(serviceCommand(folder)) ||
      config->dwStartType != SERVICE_AUTO_START) {
    return Presence::kDifferent;
  }
  std::vector<unsigned char> recovery(8192);
  auto* actions = reinterpret_cast<SERVICE_FAILURE_ACTIONSW*>(recovery.data());
  if (QueryServiceConfig2W(service.get(), SERVICE_CONFIG_FAILURE_ACTIONS, recovery.data(),
                           static_cast<DWORD>(recovery.size()), &needed) &&
      actions->cActions != 3) {
    return Presence::kDifferent;
  }
  return Presence::kPresent;
}

bool applyService(const std::wstring& folder, std::string& error) {
  ServiceHandle manager(
      OpenSCManagerW(nullptr, nullptr, SC_MANAGER_CONNECT | SC_MANAGER_CREATE_SERVICE));
  if (!manager) {
    return fail("cannot open the service manager (run as administrator)", GetLastError(), error);
  }
  std::wstring command = serviceCommand(folder);
  DWORD access = SERVICE_ALL_ACCESS;
  SC_HANDLE opened = OpenServiceW(manager.get(), kServiceName, access);
  if (opened == nullptr) {
    opened = CreateServiceW(manager.get(), kServiceName, kServiceTitle, access,
                            SERVICE_WIN32_OWN_PROCESS, SERVICE_AUTO_START, SERVICE_ERROR_NORMAL,
                            command.c_str(), nullptr, nullptr, L"RpcSs\0", nullptr, nullptr);
    if (opened == nullptr) {
      return fail("cannot make the service", GetLastError(), error);
    }
  } else if (!ChangeServiceConfigW(opened, SERVICE_WIN32_OWN_PROCESS, SERVICE_AUTO_START,
                                   SERVICE_ERROR_NORMAL, command.c_str(), nullptr, nullptr,
                                   L"RpcSs\0", L"LocalSystem", nullptr, kServiceTitle)) {
    DWORD code = GetLastError();
    CloseServiceHandle(opened);
    return fail("cannot change the service", code, error);
  }
  ServiceHandle service(opened);
  wchar_t text[] = L"Holds this guest's writes still while OpenDVX takes a snapshot of it.";
  SERVICE_DESCRIPTIONW description = {text};
  ChangeServiceConfig2W(service.get(), SERVICE_CONFIG_DESCRIPTION, &description);
  SERVICE_DELAYED_AUTO_START_INFO delayed = {TRUE};
  ChangeServiceConfig2W(service.get(), SERVICE_CONFIG_DELAYED_AUTO_START_INFO, &delayed);
  SC_ACTION again[3] = {{SC_ACTION_RESTART, 5000}, {SC_ACTION_RESTART, 30000},
                        {SC_ACTION_RESTART, 60000}};
  SERVICE_FAILURE_ACTIONSW recovery = {};
  recovery.dwResetPeriod = 24 * 3600;
  recovery.cActions = 3;
  recovery.lpsaActions = again;
  if (!ChangeServiceConfig2W(service.get(), SERVICE_CONFIG_FAILURE_ACTIONS, &recovery)) {
    return fail("cannot set the service's recovery", GetLastError(), error);
  }
  SERVICE_FAILURE_ACTIONS_FLAG flag = {TRUE};
  ChangeServiceConfig2W(service.get(), SERVICE_CONFIG_FAILURE_ACTIONS_FLAG, &flag);
  return true;
}

bool removeService(std::string& error) {
  stopService(error);
  error.clear();
  ServiceHandle manager(OpenSCManagerW(nullptr, nullptr, SC_MANAGER_CONNECT));
  ServiceHandle service(manager ? OpenServiceW(manager.get(), kServiceName, DELETE) : nullptr);
  if (!service) {
    return !manager || GetLastError() == ERROR_SERVICE_DOES_NOT_EXIST ||
           fail("cannot open the service", GetLastError(), error);
  }
  return DeleteService(service.get()) || GetLastError() == ERROR_SERVICE_MARKED_FOR_DELETE ||
         fail("cannot remove the service", GetLastError(), error);
}

const char* text(Presence presence) {
  switch (presence) {
    case Presence::kPresent:
      return "present";
    case Presence::kDifferent:
      return "different";
    default:
      return "absent";
  }
}

}  // namespace

std::vector<InstallStep> installSteps(const Paths& paths, const std::wstring& folder) {
  std::wstring program = folder + L"\\dvx-agent.exe";
  std::wstring dll = folder + L"\\dvx-vss-provider.dll";
  std::wstring library = folder + L"\\dvx-vss-provider.tlb";
  return {
      {"data folder", [paths](std::string&) { return queryData(paths); },
       [paths](std::string& error) { return applyData(paths, error); },
       [paths](std::string& error) { return removeData(paths, error); }},
      {"event source",
       [program](std::string&) {
         return eventSourcePresent(program) ? Presence::kPresent : Presence::kAbsent;
       },
       [program](std::string& error) { return createEventSource(program, error); },
       [](std::string& error) { return removeEventSource(error); }},
      {"COM+ application", ComApplication::application, ComApplication::createApplication,
       ComApplication::remove},
      {"COM+ component",
       [dll](std::string& error) { return ComApplication::component(dll, error); },
       [dll, library](std::string& error) {
         return ComApplication::installComponent(dll, library, error);
       },
       ComApplication::remove},
      {"VSS provider", ProviderRegistration::query, ProviderRegistration::create,
       ProviderRegistration::remove},
      {"service", [folder](std::string&) { return queryService(folder); },
       [folder](std::string& error) { return applyService(folder, error); },
       [](std::string& error) { return removeService(error); }},
  };
}

InstallResult install(const Paths& paths, unsigned stopAfter) {
  InstallResult result;
  unsigned number = 0;
  for (const InstallStep& step : installSteps(paths, ownFolder())) {
    std::string error;
    Presence before = step.query(error);
    error.clear();
    if (before != Presence::kPresent && !step.apply(error)) {
      result.error = std::string(step.name) + ": " + error;
      return result;
    }
    if (before != Presence::kPresent && step.query(error) != Presence::kPresent) {
      result.error = std::string(step.name) + ": it is not there after it was made. " + error;
      return result;
    }
    printf("%-18s %s\n", step.name, before == Presence::kPresent ? "was there" : "made");
    fflush(stdout);
    if (++number == stopAfter) {
      TerminateProcess(GetCurrentProcess(), 3);
    }
  }
  result.done = true;
  return result;
}

InstallResult uninstall(const Paths& paths, unsigned stopAfter) {
  InstallResult result;
  unsigned number = 0;
  std::vector<InstallStep> steps = installSteps(paths, ownFolder());
  for (auto step = steps.rbegin(); step != steps.rend(); ++step) {
    std::string error;
    if (!step->remove(error)) {
      // All the others are removed all the same.
      result.error += (result.error.empty() ? "" : "; ") + std::string(step->name) + ": " + error;
    }
    if (++number == stopAfter) {
      TerminateProcess(GetCurrentProcess(), 3);
    }
  }
  result.done = result.error.empty();
  return result;
}

std::string installState(const Paths& paths) {
  std::string out;
  for (const InstallStep& step : installSteps(paths, ownFolder())) {
    std::string error;
    Presence presence = step.query(error);
    out += std::string(step.name) + ": " + text(presence);
    out += error.empty() ? "\n" : " (" + error + ")\n";
  }
  return out;
}

bool startService(std::string& error) {
  ServiceHandle manager(OpenSCManagerW(nullptr, nullptr, SC_MANAGER_CONNECT));
  ServiceHandle service(manager ? OpenServiceW(manager.get(), kServiceName, SERVICE_START)
                                : nullptr);
  if (!service) {
    return fail("cannot open the service", GetLastError(), error);
  }
  return StartServiceW(service.get(), 0, nullptr) ||
         GetLastError() == ERROR_SERVICE_ALREADY_RUNNING ||
         fail("cannot start the service", GetLastError(), error);
}

bool stopService(std::string& error) {
  ServiceHandle manager(OpenSCManagerW(nullptr, nullptr, SC_MANAGER_CONNECT));
  ServiceHandle service(
      manager ? OpenServiceW(manager.get(), kServiceName, SERVICE_STOP | SERVICE_QUERY_STATUS)
              : nullptr);
  if (!service) {
    return true;
  }
  SERVICE_STATUS status = {};
  ControlService(service.get(), SERVICE_CONTROL_STOP, &status);
  for (ULONGLONG end = GetTickCount64() + kServiceWaitMillis; GetTickCount64() < end;) {
    if (!QueryServiceStatus(service.get(), &status) ||
        status.dwCurrentState == SERVICE_STOPPED) {
      return true;
    }
    Sleep(100);
  }
  error = "the service does not stop";
  return false;
}

}  // namespace dvx
