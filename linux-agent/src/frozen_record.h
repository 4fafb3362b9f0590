// The record in /run of what is frozen, or about to be: what a restarted agent thaws first.
#pragma once

#include <string>
#include <vector>

namespace dvx::agent {

class FrozenRecord {
 public:
  /** `folder` is on a memory file system: it must never be frozen itself. */
  explicit FrozenRecord(std::string folder) : path_(folder + "/frozen"), folder_(std::move(folder)) {}

  /** `devices` as "major:minor". False: then nothing may be frozen. */
  bool write(const std::vector<std::string>& devices, std::string& error);
  void remove();
  bool exists() const;

  /** Thaws all that the record names, removes it, and says in `report` what it did. False if something may still be
   * frozen; the record then stays. */
  bool thawAll(std::string& report);

  const std::string& folder() const { return folder_; }

 private:
  std::string path_;
  std::string folder_;
};

}  // namespace dvx::agent
