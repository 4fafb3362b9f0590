package org.opendvx.server.bench.hostile;

/** The kinds of harm. */
public enum Attack {
  /** A valid call with bits turned or words replaced. */
  MUTATED,
  /** A record that ends too early for what its items announce, its mark being right. */
  CUT,
  /** A record mark that announces more than follows, so that the next message is taken for data. */
  SHORT,
  /** Random bytes in a proper record. */
  NOISE,
  /** Random bytes without any frame. */
  RAW_NOISE,
  /** A valid call in very many fragments, empty ones among them. */
  FRAGMENTS,
  /** A record that announces 2 GiB. */
  HUGE,
  /** A connection that is opened and dropped within a message. */
  DROPPED
}
