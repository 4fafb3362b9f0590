package org.opendvx.coordinator.protocol;

/** Why a connection is ended. */
public enum RefusalCode {
  VERSION,
  TOKEN,
  CSR,
  CERTIFICATE,
  /** The key was copied with the machine: drop it, enrol anew. */
  CLONE,
  RESIDENCY,
  /** Another agent is connected for this machine. */
  DUPLICATE,
  PROTOCOL,
  BUSY,
  LIMIT
}
