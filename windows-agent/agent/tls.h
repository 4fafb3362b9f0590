// The connection to the coordinator: TLS by Schannel, so that Windows Update keeps it safe.
#pragma once

#include "../common/platform.h"
#include "identity.h"

namespace dvx {

class SchannelTransport final : public agent::Transport {
 public:
  explicit SchannelTransport(WindowsIdentity& identity);
  ~SchannelTransport() override;

  bool connect(const agent::Endpoint& server, const std::string& caPin, bool withIdentity,
               std::int64_t limitMillis, std::string& error) override;
  bool send(const std::string& bytes, std::int64_t limitMillis) override;
  agent::Received receive(char* buffer, std::size_t capacity, std::size_t& count,
                          std::int64_t waitMillis) override;
  void wake() override;
  void close() override;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace dvx
