package org.opendvx.server.demo.load;

import java.util.ArrayList;
import java.util.List;

/** Bytes that were compared, and what did not agree. Thread-safe. */
public final class Tally {
  private static final int TOLD = 10;

  private final List<String> problems = new ArrayList<>();
  private long bytes;
  private long mismatches;

  /** Counts bytes that were compared, whatever came out. */
  public synchronized void checked(long count) {
    bytes += count;
  }

  /** Counts something that is not as it must be. */
  public synchronized void mismatch(String what) {
    mismatches++;
    if (problems.size() < TOLD) {
      problems.add(what);
    }
  }

  /** Bytes compared. */
  public synchronized long bytes() {
    return bytes;
  }

  /** How much did not agree. */
  public synchronized long mismatches() {
    return mismatches;
  }

  /** The first mismatches, in words. */
  public synchronized List<String> problems() {
    return List.copyOf(problems);
  }
}
