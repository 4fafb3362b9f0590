// The DLL's four entry points, and its class factory.
#include <new>
#include <string>

#include "provider.h"

namespace dvx {
namespace {

HMODULE ownModule = nullptr;

class Factory final : public IClassFactory {
 public:
  HRESULT STDMETHODCALLTYPE QueryInterface(REFIID iid, void** out) override {
    if (out == nullptr) {
      return E_POINTER;
    }
    if (IsEqualIID(iid, IID_IUnknown) || IsEqualIID(iid, IID_IClassFactory)) {
      *out = static_cast<IClassFactory*>(this);
      return S_OK;
    }
    *out = nullptr;
    return E_NOINTERFACE;
  }
  // One static object: its life is the DLL's.
  ULONG STDMETHODCALLTYPE AddRef() override { return 2; }
  ULONG STDMETHODCALLTYPE Release() override { return 1; }
  HRESULT STDMETHODCALLTYPE CreateInstance(IUnknown* outer, REFIID iid, void** out) override {
    if (out == nullptr) {
      return E_POINTER;
    }
    *out = nullptr;
    if (outer != nullptr) {
      return CLASS_E_NOAGGREGATION;
    }
    Provider* provider = new (std::nothrow) Provider();
    if (provider == nullptr) {
      return E_OUTOFMEMORY;
    }
    HRESULT result = provider->QueryInterface(iid, out);
    provider->Release();
    return result;
  }
  HRESULT STDMETHODCALLTYPE LockServer(WINBOOL lock) override {
    if (lock) {
      InterlockedIncrement(&liveObjects);
    } else {
      InterlockedDecrement(&liveObjects);
    }
    return S_OK;
  }
};

Factory factory;

std::wstring classKey() {
  wchar_t text[64];
  StringFromGUID2(kProviderClass, text, 64);
  return std::wstring(L"CLSID\\") + text;
}

LONG setText(HKEY key, const wchar_t* name, const std::wstring& value) {
  return RegSetValueExW(key, name, 0, REG_SZ, reinterpret_cast<const BYTE*>(value.c_str()),
                        static_cast<DWORD>((value.size() + 1) * sizeof(wchar_t)));
}

LONG setKey(const std::wstring& path, const wchar_t* name, const std::wstring& value) {
  HKEY key;
  LONG result = RegCreateKeyExW(HKEY_CLASSES_ROOT, path.c_str(), 0, nullptr, 0, KEY_WRITE, nullptr,
                                &key, nullptr);
  if (result == ERROR_SUCCESS) {
    result = setText(key, name, value);
    RegCloseKey(key);
  }
  return result;
}

}  // namespace
}  // namespace dvx

extern "C" BOOL WINAPI DllMain(HINSTANCE module, DWORD reason, LPVOID) {
  if (reason == DLL_PROCESS_ATTACH) {
    dvx::ownModule = module;
    DisableThreadLibraryCalls(module);
  }
  return TRUE;
}

STDAPI DllGetClassObject(REFCLSID clsid, REFIID iid, void** out) {
  if (out == nullptr) {
    return E_POINTER;
  }
  *out = nullptr;
  return IsEqualCLSID(clsid, dvx::kProviderClass) ? dvx::factory.QueryInterface(iid, out)
                                                  : CLASS_E_CLASSNOTAVAILABLE;
}

STDAPI DllCanUnloadNow() { return dvx::liveObjects == 0 ? S_OK : S_FALSE; }

STDAPI DllRegisterServer() {
  wchar_t path[MAX_PATH];
  DWORD length = GetModuleFileNameW(dvx::ownModule, path, MAX_PATH);
  if (length == 0 || length >= MAX_PATH) {
    return E_UNEXPECTED;
  }
  std::wstring key = dvx::classKey();
  LONG result = dvx::setKey(key, nullptr, dvx::kProviderName);
  if (result == ERROR_SUCCESS) {
    result = dvx::setKey(key + L"\\InprocServer32", nullptr, path);
  }
  if (result == ERROR_SUCCESS) {
    result = dvx::setKey(key + L"\\InprocServer32", L"ThreadingModel", L"Both");
  }
  return HRESULT_FROM_WIN32(result);
}

STDAPI DllUnregisterServer() {
  LONG result = RegDeleteTreeW(HKEY_CLASSES_ROOT, dvx::classKey().c_str());
  return result == ERROR_FILE_NOT_FOUND ? S_OK : HRESULT_FROM_WIN32(result);
}
