package org.opendvx.server.bench.load;

/** The order and direction of a load. */
public enum LoadMode {
  RANDREAD,
  RANDWRITE,
  SEQREAD,
  SEQWRITE,
  MIXED;

  /** Whether it only reads. */
  public boolean isReadOnly() {
    return this == RANDREAD || this == SEQREAD;
  }
}
