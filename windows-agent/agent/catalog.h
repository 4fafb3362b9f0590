// COM+ application and VSS provider registration.
#pragma once

#include <windows.h>

#include <string>

namespace dvx {

/** What a registration step found. */
enum class Presence { kAbsent, kDifferent, kPresent };

/** The COM+ application that hosts the provider as LocalSystem, with its role and its component. */
class ComApplication {
 public:
  static Presence application(std::string& error);
  static bool createApplication(std::string& error);

  static Presence component(const std::wstring& dll, std::string& error);
  static bool installComponent(const std::wstring& dll, const std::wstring& library,
                               std::string& error);

  /** Ends the process that hosts the provider, where it runs. */
  static void shutDown();

  /** Component, role, service and application; whatever of it is there. */
  static bool remove(std::string& error);
};

/** The provider's entry at the VSS service. */
class ProviderRegistration {
 public:
  static Presence query(std::string& error);
  static bool create(std::string& error);
  static bool remove(std::string& error);
};

}  // namespace dvx
