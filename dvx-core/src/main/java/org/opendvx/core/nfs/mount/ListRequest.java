package org.opendvx.core.nfs.mount;

import io.netty.buffer.ByteBuf;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.opendvx.core.nfs.rpc.ReplySpace;
import org.opendvx.core.nfs.rpc.RpcRequest;
import org.opendvx.core.nfs.xdr.Xdr;

/** DUMP and EXPORT: a linked list of rows, each with strings. */
final class ListRequest extends RpcRequest<List<ListRequest.Row>> {
  private static final int LIMIT = 24 << 10;

  private final List<Row> rows;

  /**
   * One row.
   *
   * @param head strings that are always there
   * @param tail strings of a nested linked list
   * @param hasTail whether there is a nested list, which may be empty
   */
  record Row(List<byte[]> head, List<byte[]> tail, boolean hasTail) {
    int size() {
      int size = 4 + 4;
      for (byte[] each : head) {
        size += Xdr.opaqueSize(each.length);
      }
      for (byte[] each : tail) {
        size += 4 + Xdr.opaqueSize(each.length);
      }
      return size;
    }
  }

  ListRequest(List<Row> rows) {
    this.rows = rows;
  }

  @Override
  public CompletableFuture<List<Row>> start(ReplySpace space) {
    return CompletableFuture.completedFuture(rows);
  }

  @Override
  public int replyBound(List<Row> result) {
    return LIMIT + SMALL_REPLY;
  }

  @Override
  public void writeReply(List<Row> result, ByteBuf out) {
    int room = LIMIT;
    for (Row row : result) {
      room -= row.size();
      if (room < 0) {
        break; // the list is for people; a datagram holds no more
      }
      out.writeInt(1);
      row.head().forEach(each -> Xdr.writeOpaque(out, each));
      if (row.hasTail()) {
        row.tail()
            .forEach(
                each -> {
                  out.writeInt(1);
                  Xdr.writeOpaque(out, each);
                });
        out.writeInt(0);
      }
    }
    out.writeInt(0);
  }

  @Override
  public void writeFailure(Throwable failure, ByteBuf out) {
    out.writeInt(0);
  }

  @Override
  public int status() {
    return 0;
  }
}
