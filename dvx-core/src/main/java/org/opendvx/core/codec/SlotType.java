package org.opendvx.core.codec;

/** What a slot holds. The code is stored in slot headers and authenticated. */
public enum SlotType {
  /** A chunk of a file. */
  CHUNK(1),
  /** A node of a tree. */
  NODE(2);

  private final byte code;

  SlotType(int code) {
    this.code = (byte) code;
  }

  /** The number in the slot header. */
  public byte code() {
    return code;
  }
}
