package org.opendvx.core.tree;

import java.nio.ByteBuffer;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.log.NodeLog;

/**
 * Bytes too large for a record, kept beside the trees: one node when they fit, else a node with the
 * addresses of the pieces.
 *
 * @param address of the piece or of the address list; 0 when there are no bytes
 * @param length bytes in all
 */
public record Blob(long address, int length) {
  /** No bytes. */
  public static final Blob EMPTY = new Blob(0, 0);

  /** Largest blob: 64 MiB, what one address list can name at 32 KiB a piece. */
  public static final int MAX_LENGTH = 64 << 20;

  private static final int PIECE = NodeLog.MAX_NODE;

  /** Writes bytes to the log; durable after the next flush. */
  public static Blob write(TreeIo io, byte[] bytes) {
    if (bytes.length > MAX_LENGTH) {
      throw new IllegalArgumentException("a blob of " + bytes.length + " bytes");
    }
    if (bytes.length == 0) {
      return EMPTY;
    }
    int pieces = pieces(bytes.length);
    if (pieces == 1) {
      return new Blob(io.log().write(bytes, 0, bytes.length), bytes.length);
    }
    ByteBuffer list = ByteBuffer.allocate(pieces * Long.BYTES);
    for (int i = 0; i < pieces; i++) {
      int from = i * PIECE;
      list.putLong(io.log().write(bytes, from, Math.min(PIECE, bytes.length - from)));
    }
    return new Blob(io.log().write(list.array(), 0, list.position()), bytes.length);
  }

  /** Reads the bytes; blocks. */
  public byte[] read(TreeIo io) {
    if (length == 0) {
      return new byte[0];
    }
    int pieces = pieces(length);
    byte[] first = io.log().read(address);
    if (pieces == 1) {
      return checked(first, length);
    }
    ByteBuffer list = ByteBuffer.wrap(checked(first, pieces * Long.BYTES));
    byte[] bytes = new byte[length];
    for (int i = 0; i < pieces; i++) {
      int from = i * PIECE;
      byte[] piece = checked(io.log().read(list.getLong()), Math.min(PIECE, length - from));
      System.arraycopy(piece, 0, bytes, from, piece.length);
    }
    return bytes;
  }

  /** Visits the nodes in which the bytes are. */
  void nodes(NodeLog log, NodeWalk.Visitor visitor) {
    if (length == 0 || !visitor.node(address, Long.MAX_VALUE)) {
      return;
    }
    int pieces = pieces(length);
    if (pieces > 1) {
      ByteBuffer list = ByteBuffer.wrap(checked(log.read(address), pieces * Long.BYTES));
      for (int i = 0; i < pieces; i++) {
        boolean _ = visitor.node(list.getLong(), Long.MAX_VALUE);
      }
    }
  }

  private static int pieces(int length) {
    return (length + PIECE - 1) / PIECE;
  }

  private byte[] checked(byte[] piece, int expected) {
    if (piece.length != expected) {
      throw DvxException.of(Kind.CORRUPT, "A stored document cannot be read")
          .cause("A piece has " + piece.length + " bytes instead of " + expected)
          .remedy("Please report this, it should be impossible")
          .detail("address", Long.toHexString(address))
          .build();
    }
    return piece;
  }
}
