// The software snapshot provider. It takes no snapshot itself: the cut is made by the DVX node
// under the virtual disks, while this provider's CommitSnapshots holds the guest's writes still.
#pragma once

// clang-format off
#include <windows.h>
#include <vss.h>
#include <vsprov.h>
// clang-format on

#include "session.h"

namespace dvx {

class Provider final : public IVssSoftwareSnapshotProvider,
                       public IVssProviderCreateSnapshotSet,
                       public IVssProviderNotifications {
 public:
  Provider();

  // IUnknown
  HRESULT STDMETHODCALLTYPE QueryInterface(REFIID iid, void** out) override;
  ULONG STDMETHODCALLTYPE AddRef() override;
  ULONG STDMETHODCALLTYPE Release() override;

  // IVssSoftwareSnapshotProvider
  HRESULT STDMETHODCALLTYPE SetContext(LONG context) override;
  HRESULT STDMETHODCALLTYPE GetSnapshotProperties(VSS_ID snapshot, VSS_SNAPSHOT_PROP* out) override;
  HRESULT STDMETHODCALLTYPE Query(VSS_ID id, VSS_OBJECT_TYPE queried, VSS_OBJECT_TYPE returned,
                                  IVssEnumObject** out) override;
  HRESULT STDMETHODCALLTYPE DeleteSnapshots(VSS_ID id, VSS_OBJECT_TYPE type, WINBOOL force,
                                            LONG* deleted, VSS_ID* notDeleted) override;
  HRESULT STDMETHODCALLTYPE BeginPrepareSnapshot(VSS_ID set, VSS_ID snapshot, VSS_PWSZ volume,
                                                 LONG context) override;
  HRESULT STDMETHODCALLTYPE IsVolumeSupported(VSS_PWSZ volume, WINBOOL* supported) override;
  HRESULT STDMETHODCALLTYPE IsVolumeSnapshotted(VSS_PWSZ volume, WINBOOL* present,
                                                LONG* compatibility) override;
  HRESULT STDMETHODCALLTYPE SetSnapshotProperty(VSS_ID snapshot, VSS_SNAPSHOT_PROPERTY_ID property,
                                                VARIANT value) override;
  HRESULT STDMETHODCALLTYPE RevertToSnapshot(VSS_ID snapshot) override;
  HRESULT STDMETHODCALLTYPE QueryRevertStatus(VSS_PWSZ volume, IVssAsync** out) override;

  // IVssProviderCreateSnapshotSet
  HRESULT STDMETHODCALLTYPE EndPrepareSnapshots(VSS_ID set) override;
  HRESULT STDMETHODCALLTYPE PreCommitSnapshots(VSS_ID set) override;
  HRESULT STDMETHODCALLTYPE CommitSnapshots(VSS_ID set) override;
  HRESULT STDMETHODCALLTYPE PostCommitSnapshots(VSS_ID set, LONG count) override;
  HRESULT STDMETHODCALLTYPE PreFinalCommitSnapshots(VSS_ID set) override;
  HRESULT STDMETHODCALLTYPE PostFinalCommitSnapshots(VSS_ID set) override;
  HRESULT STDMETHODCALLTYPE AbortSnapshots(VSS_ID set) override;

  // IVssProviderNotifications
  HRESULT STDMETHODCALLTYPE OnLoad(IUnknown* callback) override;
  HRESULT STDMETHODCALLTYPE OnUnload(WINBOOL force) override;

 private:
  ~Provider();

  LONG references_ = 1;
  VSS_ID set_ = {};
  LONG volumes_ = 0;
  HoldSession session_;
};

/** Objects and locks that keep the DLL loaded. */
extern LONG liveObjects;

}  // namespace dvx
