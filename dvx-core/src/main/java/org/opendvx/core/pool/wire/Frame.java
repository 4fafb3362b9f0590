package org.opendvx.core.pool.wire;

/**
 * A frame as received. Its body may lie in an array that is larger and used again: {@link #release}
 * gives it back.
 *
 * @param type one of the constants
 * @param op the operation; of a reply: that of the request
 * @param status of a reply: 0 or the number of an error; of a request: flags
 * @param id names request and reply
 * @param limitMillis of a request: how long the sender waits
 * @param body array that holds the body from index 0
 * @param length bytes of the body
 */
@SuppressWarnings("ArrayRecordComponent") // a value carrier; never compared
public record Frame(
    byte type, Op op, int status, long id, int limitMillis, byte[] body, int length) {
  /** Asks for something. */
  public static final byte REQUEST = 1;

  /** Answers, for the last time. */
  public static final byte REPLY = 2;

  /** Answers in part; more follow. */
  public static final byte PART = 3;

  /** Tells something; nobody answers. */
  public static final byte EVENT = 4;

  /** Bytes before the body. */
  public static final int HEADER = 24;

  /** First bytes of every frame. */
  static final short MAGIC = 0x4458; // "DX"

  /** Version of the protocol. */
  public static final int VERSION = 1;

  /** Longest body between a joined host and a data node: a container with two parity shards. */
  public static final int MAX_BODY = 3 * (8 << 20) + (64 << 10);

  /** Longest body before a host has joined. */
  public static final int MAX_STRANGER_BODY = 4 << 10;

  /** The body, to be read from its start. */
  public WireIn in() {
    return new WireIn(body, 0, length);
  }

  /** Gives the body's array back; nothing of the frame may be used any more. */
  public void release() {
    BodyArrays.give(body);
  }
}
