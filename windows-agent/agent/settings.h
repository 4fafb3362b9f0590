// Where the agent keeps things, and its settings.
#pragma once

#include <windows.h>

#include <string>

#include "../common/config.h"

namespace dvx {

/** Paths below %ProgramData%\DVX. */
struct Paths {
  std::wstring data;
  std::wstring config;
  std::wstring identity;
  std::wstring preFreeze;
  std::wstring postThaw;
  std::wstring log;
  std::wstring lastReport;

  static Paths standard();
};

/** Where the client key lives. */
enum class KeyStore {
  /** CNG, machine key, not exportable: every Windows. */
  kCngMachine,
  /** CryptoAPI, key of the service's account: for Wine, whose Schannel finds no other. */
  kCapiUser,
};

/** `agent.conf`: the shared keys, and those that begin with `windows.`. */
struct Settings {
  agent::Config shared;
  DWORD holdLimitMillis = 8000;
  /** FULL backups break the log chains of SQL Server's other backups. */
  bool allowFull = false;
  KeyStore keyStore = KeyStore::kCngMachine;
  /** Prints a guestinfo property: `"<this>" --cmd "info-get guestinfo.x"`. */
  std::wstring vmtoolsd;
  /** A volume list for tests; empty: ask Windows. */
  std::wstring volumeList;
};

/** False with `error` when the file is there but cannot be read or holds a wrong value. */
bool loadSettings(const Paths& paths, Settings& settings, std::string& error);

/** Sets one key of the file and leaves everything else, comments included, as it is. */
bool setSetting(const Paths& paths, const std::string& key, const std::string& value,
                std::string& error);

/** Text of a fresh `agent.conf`. */
std::string defaultSettingsText();

}  // namespace dvx
