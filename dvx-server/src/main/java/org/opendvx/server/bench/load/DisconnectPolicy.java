package org.opendvx.server.bench.load;

/** What a load does when a connection is lost. */
public enum DisconnectPolicy {
  /** It ends with an error. */
  FAIL,
  /** It connects again and repeats what was open under the same transaction ids. */
  RECONNECT,
  /** It stops, waits for the server, and checks what must be there. */
  CHECK
}
