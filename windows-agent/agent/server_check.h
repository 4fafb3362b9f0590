// Whether the server is the coordinator that the token named.
#pragma once

#include <windows.h>
#include <wincrypt.h>

#include <string>

namespace dvx {

/**
 * The leaf must be signed by the certificate with this SHA-256, which the server sent along, be
 * valid now, and be a server's: a client certificate of the same CA must not pass for a coordinator.
 */
bool checkServer(PCCERT_CONTEXT leaf, const std::string& caPin, std::string& error);

}  // namespace dvx
