package org.opendvx.core.journal;

import java.nio.ByteBuffer;
import org.opendvx.core.codec.RecordSealer;
import org.opendvx.core.pool.JournalStore;

/**
 * Takes batches apart again. The store vouches for their bytes; lengths are checked all the same.
 */
final class JournalReplay implements JournalStore.BatchVisitor {
  private final RecordSealer sealer;
  private final RecordVisitor visitor;
  private final long from;
  private long expected = -1;
  private byte[] sealed = new byte[4096];
  private byte[] secret = new byte[4096];

  JournalReplay(RecordSealer sealer, RecordVisitor visitor, long from) {
    this.sealer = sealer;
    this.visitor = visitor;
    this.from = from;
  }

  @Override
  public void batch(long firstLsn, long lastLsn, ByteBuffer given) {
    ByteBuffer batch = given.slice();
    if (expected < 0 ? firstLsn > from : firstLsn != expected) {
      throw JournalFormat.corrupt(
          "records are missing before this one", expected < 0 ? firstLsn : expected);
    }
    if (batch.remaining() < JournalFormat.BATCH_HEADER || batch.getInt(0) != JournalFormat.MAGIC) {
      throw JournalFormat.corrupt("a batch does not start like one", firstLsn);
    }
    JournalFormat.checkVersion(batch);
    batch.position(8);
    int incarnation = batch.getInt();
    int records = batch.getInt();
    if (batch.getLong() != firstLsn || records < 1 || firstLsn + records - 1 != lastLsn) {
      throw JournalFormat.corrupt("a batch does not hold the records it should", firstLsn);
    }
    batch.getLong();
    for (long lsn = firstLsn; lsn <= lastLsn; lsn++) {
      frame(batch, incarnation, lsn);
    }
    if (batch.hasRemaining()) {
      throw JournalFormat.corrupt("bytes follow the last record of a batch", lastLsn);
    }
    expected = lastLsn + 1;
  }

  private void frame(ByteBuffer batch, int incarnation, long lsn) {
    if (batch.remaining() < JournalFormat.FRAME_HEADER) {
      throw JournalFormat.corrupt("a batch ends early", lsn);
    }
    int length = batch.getInt();
    int secretLength = batch.getInt();
    int kind = Byte.toUnsignedInt(batch.get());
    byte flags = batch.get();
    int keyId = Short.toUnsignedInt(batch.getShort());
    if (batch.getInt() != (int) lsn
        || length < 0
        || length > batch.remaining()
        || secretLength < 0
        || secretLength > length
        || flags != (secretLength > 0 ? JournalFormat.SEALED : 0)) {
      throw JournalFormat.corrupt("the header of a record is wrong", lsn);
    }
    int start = batch.position();
    batch.position(start + length);
    if (lsn < from || kind == JournalFormat.VOID) {
      return;
    }
    int opened = 0;
    if (secretLength > 0) {
      if (sealed.length < secretLength) {
        sealed = new byte[Math.max(secretLength, 2 * sealed.length)];
        secret = new byte[sealed.length];
      }
      batch.get(start, sealed, 0, secretLength);
      opened = sealer.open(keyId, incarnation, lsn, kind, sealed, 0, secretLength, secret, 0);
    }
    visitor.record(
        lsn,
        kind,
        ByteBuffer.wrap(secret, 0, opened),
        batch.slice(start + secretLength, length - secretLength));
  }
}
