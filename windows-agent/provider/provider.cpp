#include "provider.h"

#include <vsserror.h>

#include <new>

namespace dvx {

LONG liveObjects = 0;

namespace {

/** No snapshot of ours is ever visible to Windows, so every list of them is empty. */
class EmptyList final : public IVssEnumObject {
 public:
  EmptyList() { InterlockedIncrement(&liveObjects); }

  HRESULT STDMETHODCALLTYPE QueryInterface(REFIID iid, void** out) override {
    if (out == nullptr) {
      return E_POINTER;
    }
    if (IsEqualIID(iid, IID_IUnknown) || IsEqualIID(iid, IID_IVssEnumObject)) {
      *out = static_cast<IVssEnumObject*>(this);
      AddRef();
      return S_OK;
    }
    *out = nullptr;
    return E_NOINTERFACE;
  }
  ULONG STDMETHODCALLTYPE AddRef() override {
    return static_cast<ULONG>(InterlockedIncrement(&references_));
  }
  ULONG STDMETHODCALLTYPE Release() override {
    LONG left = InterlockedDecrement(&references_);
    if (left == 0) {
      delete this;
    }
    return static_cast<ULONG>(left);
  }
  HRESULT STDMETHODCALLTYPE Next(ULONG, VSS_OBJECT_PROP*, ULONG* fetched) override {
    if (fetched == nullptr) {
      return E_POINTER;
    }
    *fetched = 0;
    return S_FALSE;
  }
  HRESULT STDMETHODCALLTYPE Skip(ULONG) override { return S_FALSE; }
  HRESULT STDMETHODCALLTYPE Reset() override { return S_OK; }
  HRESULT STDMETHODCALLTYPE Clone(IVssEnumObject** out) override {
    if (out == nullptr) {
      return E_POINTER;
    }
    *out = new (std::nothrow) EmptyList();
    return *out == nullptr ? E_OUTOFMEMORY : S_OK;
  }

 private:
  ~EmptyList() { InterlockedDecrement(&liveObjects); }
  LONG references_ = 1;
};

}  // namespace

Provider::Provider() { InterlockedIncrement(&liveObjects); }

Provider::~Provider() { InterlockedDecrement(&liveObjects); }

HRESULT Provider::QueryInterface(REFIID iid, void** out) {
  if (out == nullptr) {
    return E_POINTER;
  }
  if (IsEqualIID(iid, IID_IUnknown) || IsEqualIID(iid, IID_IVssSoftwareSnapshotProvider)) {
    *out = static_cast<IVssSoftwareSnapshotProvider*>(this);
  } else if (IsEqualIID(iid, IID_IVssProviderCreateSnapshotSet)) {
    *out = static_cast<IVssProviderCreateSnapshotSet*>(this);
  } else if (IsEqualIID(iid, IID_IVssProviderNotifications)) {
    *out = static_cast<IVssProviderNotifications*>(this);
  } else {
    *out = nullptr;
    return E_NOINTERFACE;
  }
  AddRef();
  return S_OK;
}

ULONG Provider::AddRef() { return static_cast<ULONG>(InterlockedIncrement(&references_)); }

ULONG Provider::Release() {
  LONG left = InterlockedDecrement(&references_);
  if (left == 0) {
    delete this;
  }
  return static_cast<ULONG>(left);
}

HRESULT Provider::SetContext(LONG) { return S_OK; }

HRESULT Provider::GetSnapshotProperties(VSS_ID, VSS_SNAPSHOT_PROP*) {
  return VSS_E_OBJECT_NOT_FOUND;
}

HRESULT Provider::Query(VSS_ID, VSS_OBJECT_TYPE, VSS_OBJECT_TYPE, IVssEnumObject** out) {
  if (out == nullptr) {
    return E_POINTER;
  }
  *out = new (std::nothrow) EmptyList();
  return *out == nullptr ? E_OUTOFMEMORY : S_OK;
}

HRESULT Provider::DeleteSnapshots(VSS_ID id, VSS_OBJECT_TYPE, WINBOOL, LONG* deleted,
                                  VSS_ID* notDeleted) {
  if (deleted == nullptr || notDeleted == nullptr) {
    return E_POINTER;
  }
  *deleted = 0;
  *notDeleted = id;
  return VSS_E_OBJECT_NOT_FOUND;
}

HRESULT Provider::BeginPrepareSnapshot(VSS_ID set, VSS_ID, VSS_PWSZ, LONG) {
  if (session_.isOpen() && !IsEqualGUID(set, set_) && session_.block()->released != kReleaseNone) {
    session_.close();  // a set that ended without a word to us
  }
  if (!session_.isOpen()) {
    if (!session_.open()) {
      return VSS_E_PROVIDER_VETO;
    }
    set_ = set;
    volumes_ = 0;
  } else if (!IsEqualGUID(set, set_)) {
    return VSS_E_SNAPSHOT_SET_IN_PROGRESS;
  }
  session_.block()->volumes = ++volumes_;
  return S_OK;
}

HRESULT Provider::IsVolumeSupported(VSS_PWSZ, WINBOOL* supported) {
  if (supported == nullptr) {
    return E_POINTER;
  }
  // TRUE to anybody else would make this provider the default of other backup products.
  *supported = sessionRuns() ? TRUE : FALSE;
  return S_OK;
}

HRESULT Provider::IsVolumeSnapshotted(VSS_PWSZ, WINBOOL* present, LONG* compatibility) {
  if (present == nullptr || compatibility == nullptr) {
    return E_POINTER;
  }
  *present = FALSE;
  *compatibility = 0;
  return S_OK;
}

HRESULT Provider::SetSnapshotProperty(VSS_ID, VSS_SNAPSHOT_PROPERTY_ID, VARIANT) {
  return E_NOTIMPL;
}

HRESULT Provider::RevertToSnapshot(VSS_ID) { return E_NOTIMPL; }

HRESULT Provider::QueryRevertStatus(VSS_PWSZ, IVssAsync**) { return E_NOTIMPL; }

HRESULT Provider::EndPrepareSnapshots(VSS_ID set) {
  if (!session_.isOpen() || !IsEqualGUID(set, set_)) {
    return VSS_E_PROVIDER_VETO;
  }
  session_.block()->preparedTicks = ticksNow();
  return S_OK;
}

HRESULT Provider::PreCommitSnapshots(VSS_ID set) {
  if (!session_.isOpen() || !IsEqualGUID(set, set_)) {
    return VSS_E_PROVIDER_VETO;
  }
  session_.block()->preCommitTicks = ticksNow();
  return S_OK;
}

HRESULT Provider::CommitSnapshots(VSS_ID set) {
  if (!session_.isOpen() || !IsEqualGUID(set, set_)) {
    return VSS_E_PROVIDER_VETO;
  }
  // Any end but the requester's word fails the set, so that no writer believes in a backup.
  return session_.hold() == kReleaseCommitted ? S_OK : VSS_E_PROVIDER_VETO;
}

HRESULT Provider::PostCommitSnapshots(VSS_ID, LONG) {
  session_.close();
  return S_OK;
}

HRESULT Provider::PreFinalCommitSnapshots(VSS_ID) { return S_OK; }

HRESULT Provider::PostFinalCommitSnapshots(VSS_ID) { return S_OK; }

HRESULT Provider::AbortSnapshots(VSS_ID set) {
  if (IsEqualGUID(set, set_)) {
    session_.close();
  }
  return S_OK;
}

HRESULT Provider::OnLoad(IUnknown*) { return S_OK; }

HRESULT Provider::OnUnload(WINBOOL) {
  session_.close();
  return S_OK;
}

}  // namespace dvx
