// Ownership of COM objects.
#pragma once

#include <oaidl.h>
#include <windows.h>

namespace dvx {

/** Releases a COM object at the end of a block. */
template <typename T>
class Com {
 public:
  Com() = default;
  Com(const Com&) = delete;
  Com& operator=(const Com&) = delete;
  ~Com() { reset(); }
  /** Where a call puts the object; one that is there is released first. */
  T** out() {
    reset();
    return &object_;
  }
  void** outVoid() { return reinterpret_cast<void**>(out()); }
  IDispatch** outDispatch() { return reinterpret_cast<IDispatch**>(out()); }
  T* operator->() const { return object_; }
  T* get() const { return object_; }
  explicit operator bool() const { return object_ != nullptr; }
  void reset() {
    if (object_ != nullptr) {
      object_->Release();
      object_ = nullptr;
    }
  }

 private:
  T* object_ = nullptr;
};

}  // namespace dvx
