package org.opendvx.server.bench.pattern;

/** What a check of one unit found. */
public enum Verdict {
  RIGHT("right"),
  HOLE("zeros where nothing was written"),
  MISSING("zeros where data was acknowledged"),
  GARBLED("bytes that do not match their checksum"),
  OTHER_SEED("data of a run with another seed"),
  MISPLACED("data of another place"),
  STALE("older data than was acknowledged"),
  NEVER_WRITTEN("data newer than was ever sent");

  private final String text;

  Verdict(String text) {
    this.text = text;
  }

  /** Whether the unit is as it should be. */
  public boolean isRight() {
    return this == RIGHT || this == HOLE;
  }

  /** A phrase for a report. */
  public String text() {
    return text;
  }
}
