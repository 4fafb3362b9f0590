package org.opendvx.server.bench.load;

import java.nio.ByteBuffer;
import org.opendvx.server.bench.ledger.BlockLedger;
import org.opendvx.server.bench.pattern.BlockPattern;
import org.opendvx.server.bench.pattern.Verdict;
import org.opendvx.server.bench.rpc.Nfs3;
import org.opendvx.server.bench.rpc.RpcException;
import org.opendvx.server.bench.rpc.RpcMessage;
import org.opendvx.server.bench.rpc.Xdr;

/** Writes the calls of slots and understands their replies. Not thread-safe. */
final class CallCodec {
  /** Bytes of a call beside its data. */
  static final int CALL_ROOM = 512;

  /** Bytes of a reply beside its data. */
  static final int REPLY_ROOM = 1024;

  private final RemoteFiles files;
  private final byte[] credentials;
  private final Workload work;
  private final BlockPattern pattern;
  private final LoadStats stats;
  private final int blockSize;
  private final boolean checkReads;

  CallCodec(
      RemoteFiles files, Workload work, BlockPattern pattern, LoadStats stats, boolean checkReads) {
    this.files = files;
    this.credentials = files.who().encoded();
    this.work = work;
    this.pattern = pattern;
    this.stats = stats;
    this.blockSize = work.ledger().span().blockSize();
    this.checkReads = checkReads;
  }

  /** Bytes that a slot's call needs in a buffer. */
  int sizeOf(Slot slot) {
    return CALL_ROOM + (slot.operation == Operation.WRITE ? slot.count * blockSize : 0);
  }

  /** Appends the call of a slot; the content of a WRITE follows from its blocks' generations. */
  void encode(Slot slot, ByteBuffer out) {
    int mark =
        RpcMessage.beginCall(
            out, slot.xid, Nfs3.PROGRAM, Nfs3.VERSION, procedure(slot), credentials);
    Xdr.putOpaque(out, files.handles().get(slot.file));
    long offset = (long) slot.block * blockSize;
    int length = slot.count * blockSize;
    switch (slot.operation) {
      case READ -> out.putLong(offset).putInt(length);
      case WRITE -> {
        out.putLong(offset).putInt(length);
        out.putInt(work.stability().number()).putInt(length);
        BlockLedger ledger = work.ledger();
        for (int i = 0; i < slot.count; i++) {
          long generation = ledger.generation(slot.file, slot.block + i);
          pattern.fill(out, slot.file, offset + (long) i * blockSize, generation, blockSize);
        }
      }
      case COMMIT -> out.putLong(0).putInt(0);
    }
    RpcMessage.endCall(out, mark);
  }

  private static int procedure(Slot slot) {
    return switch (slot.operation) {
      case READ -> Nfs3.READ;
      case WRITE -> Nfs3.WRITE;
      case COMMIT -> Nfs3.COMMIT;
    };
  }

  /**
   * Takes the reply of a slot, the record behind its xid, and tells the workload. Returns false
   * when the server asked to send the call anew later.
   */
  boolean accept(Slot slot, ByteBuffer in, long now) throws RpcException {
    RpcMessage.readReplyHead(in);
    int status = Xdr.getInt(in);
    if (status == Nfs3.ERR_JUKEBOX) {
      stats.delayed();
      return false;
    }
    if (status != Nfs3.OK) {
      stats.error(slot.operation + " " + Nfs3.statusName(status));
      work.endFailed(slot);
      return true;
    }
    switch (slot.operation) {
      case READ -> acceptRead(slot, in, now);
      case WRITE -> acceptWrite(slot, in, now);
      case COMMIT -> {
        Nfs3.skipChange(in);
        stats.resent(work.endCommit(slot, Xdr.getLong(in)));
        stats.record(Operation.COMMIT, now - slot.sentAt, 0);
      }
    }
    return true;
  }

  private void acceptRead(Slot slot, ByteBuffer in, long now) throws RpcException {
    Nfs3.skipAttributes(in);
    int wanted = slot.count * blockSize;
    int count = Xdr.getInt(in);
    Xdr.skip(in, 4);
    int length = Xdr.getLength(in, wanted);
    if (count != wanted || length != wanted) {
      stats.error("READ short: " + length + " of " + wanted + " bytes");
      work.endFailed(slot);
      return;
    }
    work.endRead(slot);
    stats.record(Operation.READ, now - slot.sentAt, wanted);
    if (checkReads) {
      compare(slot, in);
    }
  }

  private void compare(Slot slot, ByteBuffer in) {
    BlockLedger ledger = work.ledger();
    int unit = pattern.unitSize();
    long holes = 0;
    for (int i = 0; i < slot.count; i++) {
      int block = slot.block + i;
      int floor = slot.count == 1 ? slot.floor : ledger.readFloor(slot.file, block);
      var expected = ledger.expected(slot.file, block, floor);
      for (int at = 0; at < blockSize; at += unit) {
        long offset = (long) block * blockSize + at;
        Verdict verdict =
            pattern.check(in, in.position() + i * blockSize + at, slot.file, offset, expected);
        if (verdict == Verdict.HOLE) {
          holes++;
        } else if (!verdict.isRight()) {
          stats.mismatch("file %d offset %d: %s".formatted(slot.file, offset, verdict.text()));
        }
      }
    }
    stats.checked(slot.count, holes);
  }

  private void acceptWrite(Slot slot, ByteBuffer in, long now) throws RpcException {
    Nfs3.skipChange(in);
    int count = Xdr.getInt(in);
    int committed = Xdr.getInt(in);
    long verifier = Xdr.getLong(in);
    int wanted = slot.count * blockSize;
    if (count != wanted) {
      stats.error("WRITE short: " + count + " of " + wanted + " bytes");
      work.endFailed(slot);
    } else if (committed < work.stability().number()) {
      stats.error("WRITE less stable than was asked for");
      work.endFailed(slot);
    } else {
      work.endWrite(slot, committed, verifier);
      stats.record(Operation.WRITE, now - slot.sentAt, wanted);
    }
  }
}
