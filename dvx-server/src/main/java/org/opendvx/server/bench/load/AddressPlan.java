package org.opendvx.server.bench.load;

/** Chooses the reads and writes of a load, one after the other. Not thread-safe. */
interface AddressPlan {
  /**
   * Sets operation, file, block and count of the next call, its blocks opened in the ledger if it
   * is a WRITE, or a READ beside writes. Returns false when there is none at present: {@link
   * #isExhausted} tells whether there will be.
   */
  boolean next(Slot slot);

  /** Whether no call will ever come again. */
  boolean isExhausted();
}
