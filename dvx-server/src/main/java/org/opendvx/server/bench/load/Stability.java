package org.opendvx.server.bench.load;

/** How durable a WRITE is when it is answered; the ordinal is the number on the wire. */
public enum Stability {
  UNSTABLE,
  DATA_SYNC,
  FILE_SYNC
}
