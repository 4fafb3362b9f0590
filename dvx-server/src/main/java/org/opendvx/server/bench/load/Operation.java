package org.opendvx.server.bench.load;

/** What a slot sends. */
public enum Operation {
  READ,
  WRITE,
  COMMIT
}
