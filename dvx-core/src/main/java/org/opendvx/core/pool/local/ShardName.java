package org.opendvx.core.pool.local;

import org.jspecify.annotations.Nullable;

/**
 * What the name of a shard file says, so that opening a pool needs no look into the files:
 *
 * <pre>containers/3f/00000000a13f.5be0c2d1.42.3.7ffff8</pre>
 *
 * container id (12 hex digits), attempt (8), k and m (one each), shard, container length (6).
 *
 * @param attempt which put it was; shards of different ones never decode together
 * @param shard 0 to k - 1 data, then P, then Q
 */
record ShardName(long containerId, int attempt, StripeShape shape, int shard) {
  private static final int ID_DIGITS = 12;
  private static final int ATTEMPT_AT = ID_DIGITS + 1;
  private static final int SHAPE_AT = ATTEMPT_AT + 9;
  private static final int SHARD_AT = SHAPE_AT + 3;
  private static final int LENGTH_AT = SHARD_AT + 2;
  private static final int CHARACTERS = LENGTH_AT + 6;

  /** The file's name with its folder. */
  String path() {
    return Layout.containerFolder(containerId)
        + "/"
        + Layout.hex(containerId, ID_DIGITS)
        + "."
        + Layout.hex(Integer.toUnsignedLong(attempt), 8)
        + "."
        + Layout.hex(shape.dataShards(), 1)
        + Layout.hex(shape.parityShards(), 1)
        + "."
        + Layout.hex(shard, 1)
        + "."
        + Layout.hex(shape.length(), 6);
  }

  /** The name that the file bears until all shards of the put are durable. */
  String temporaryPath() {
    return path() + Layout.TEMPORARY;
  }

  /** Reads a plain name; null when it is not that of a shard. */
  static @Nullable ShardName parse(String name) {
    if (name.length() != CHARACTERS) {
      return null;
    }
    try {
      long id = Long.parseLong(name, 0, ID_DIGITS, 16);
      int attempt = Integer.parseUnsignedInt(name, ATTEMPT_AT, ATTEMPT_AT + 8, 16);
      StripeShape shape =
          new StripeShape(
              Integer.parseInt(name, LENGTH_AT, CHARACTERS, 16),
              digit(name, SHAPE_AT),
              digit(name, SHAPE_AT + 1));
      int shard = digit(name, SHARD_AT);
      if (id < 1 || !shape.isSound() || shard >= shape.shards()) {
        return null;
      }
      ShardName parsed = new ShardName(id, attempt, shape, shard);
      return parsed.path().endsWith("/" + name) ? parsed : null;
    } catch (NumberFormatException _) {
      return null;
    }
  }

  private static int digit(String name, int at) {
    return Integer.parseInt(name, at, at + 1, 16);
  }
}
