// What this Linux guest says of itself, and the hypervisor's nonce.
#pragma once

#include <string>

#include "platform.h"

namespace dvx::agent {

/** Whether systemd's list of jobs (`systemctl list-jobs`) has one that ends with the machine off. */
bool powersOff(const std::string& jobs);

/** Asks systemd whether the machine is being powered off; false for a restart and where systemd does not answer. */
bool machineGoesOff(const std::string& systemctl);

class LinuxMachine : public Machine {
 public:
  /** `nonceCommand`: a program that is given the property's name and prints its value; empty: the usual ones. */
  LinuxMachine(std::string sys, std::string nonceCommand)
      : sys_(std::move(sys)), nonceCommand_(std::move(nonceCommand)) {}

  MachineInfo describe() override;
  std::string readNonce(const std::string& property) override;

 private:
  std::string biosUuid();

  std::string sys_;
  std::string nonceCommand_;
};

/** The UUID's 16 bytes of an SMBIOS table (structure type 1, offset 8) as hex, or empty. */
std::string biosUuidOfTable(const std::string& table);

/** The kernel's product_uuid text, whose first three fields stand reversed against the table, as table bytes in hex. */
std::string biosUuidOfText(const std::string& text);

}  // namespace dvx::agent
