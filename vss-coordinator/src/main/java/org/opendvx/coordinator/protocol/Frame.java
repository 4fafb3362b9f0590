package org.opendvx.coordinator.protocol;

/** The layout and the limits of a frame. */
public final class Frame {
  /** {@code DVXA}. */
  public static final int MAGIC = 0x44565841;

  /** The version that is spoken. */
  public static final int VERSION = 1;

  /** Bytes before the body. */
  public static final int HEADER = 12;

  /** Smallest body: {@code {}}. */
  public static final int MIN_BODY = 2;

  /** Largest body, bytes. */
  public static final int MAX_BODY = 262_144;

  /** Characters of a string. */
  public static final int MAX_STRING = 196_608;

  /** Elements of an array. */
  public static final int MAX_ARRAY = 1_024;

  /** Levels of nesting. */
  public static final int MAX_DEPTH = 8;

  /** Largest documents of one freeze, bytes. */
  public static final int MAX_DOCUMENTS = 16 << 20;

  /** Base64 characters of one part of a document. */
  public static final int MAX_DOCUMENT_PART = 131_072;

  /** Longest hold, milliseconds. */
  public static final int MAX_HOLD_MILLIS = 8_000;

  private Frame() {}
}
