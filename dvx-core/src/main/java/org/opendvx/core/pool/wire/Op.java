package org.opendvx.core.pool.wire;

import org.jspecify.annotations.Nullable;

/** Operations by their number on the wire; numbers are never given a second meaning. */
public enum Op {
  /** A host's first frame on a connection. */
  HELLO(1),
  /** A host that the data node does not know yet shows a token. */
  JOIN(2),
  /** Is the other side there; renews the session. */
  PING(3),
  /** Health and room of the pool. */
  STATUS(4),
  /** Raises a fence. */
  FENCE(5),
  /** Shuts a host out. */
  HOST_REMOVE(6),
  /** Writes a coded container. */
  CONTAINER_PUT(10),
  /** Reads a range of a container. */
  CONTAINER_READ(11),
  /** How long a container is. */
  CONTAINER_LENGTH(12),
  /** Deletes a container. */
  CONTAINER_DELETE(13),
  /** Ids and lengths, a page. */
  CONTAINER_LIST(14),
  /** Takes hold of a journal. */
  JOURNAL_OPEN(20),
  /** Reads a journal from a sequence on. */
  JOURNAL_REPLAY(21),
  /** Appends a batch. */
  JOURNAL_APPEND(22),
  /** Gives up old batches. */
  JOURNAL_TRIM(23),
  /** Lets a journal go. */
  JOURNAL_CLOSE(24),
  /** Reads a record. */
  RECORD_GET(30),
  /** Writes a record by compare-and-set. */
  RECORD_PUT(31),
  /** Keys below a prefix. */
  RECORD_KEYS(32),
  /** Takes or renews a lease. */
  LEASE_TAKE(40),
  /** Gives a lease up. */
  LEASE_RELEASE(41),
  /** Who holds a lease. */
  LEASE_LOOK(42),
  /** From the data node to a host: compute a shard. */
  REBUILD(50),
  /** From the data node: a checkpoint is wanted soon. */
  CHECKPOINT_WANTED(51);

  private static final @Nullable Op[] BY_CODE = new @Nullable Op[64];

  static {
    for (Op op : values()) {
      BY_CODE[op.code] = op;
    }
  }

  private final byte code;

  Op(int code) {
    this.code = (byte) code;
  }

  /** The number on the wire. */
  public byte code() {
    return code;
  }

  /** The operation of a number, null when there is none. */
  public static @Nullable Op of(int code) {
    return code >= 0 && code < BY_CODE.length ? BY_CODE[code] : null;
  }
}
