package org.opendvx.core.journal;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import org.opendvx.core.codec.KeyRing;
import org.opendvx.core.codec.RecordSealer;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.fuzz.Checks;
import org.opendvx.core.fuzz.FuzzTarget;

/** Batches of journal records: a secret comes out as it was sealed, under its number, or not. */
public final class JournalBatchFuzz implements FuzzTarget {
  private static final byte[] SECRET =
      "a name that nobody else may read".getBytes(java.nio.charset.StandardCharsets.US_ASCII);
  private static final byte[] TAIL = {1, 2, 3, 4, 5};
  private static final int KIND = 1;
  private static final int INCARNATION = 7;
  private static final long FIRST = 100;
  private final RecordSealer sealer = new RecordSealer(KeyRing.generate());
  private final List<byte[]> seeds = List.of(batch(FIRST, 3), batch(FIRST + 3, 1));

  /** Found by name. */
  public JournalBatchFuzz() {}

  @Override
  public String name() {
    return "journal-batch";
  }

  @Override
  public List<byte[]> seeds() {
    return seeds;
  }

  private byte[] batch(long first, int records) {
    byte[] bytes = new byte[4096];
    JournalFormat.batchHeader(bytes, INCARNATION, records, first);
    int at = JournalFormat.BATCH_HEADER;
    for (long lsn = first; lsn < first + records; lsn++) {
      int start = at + JournalFormat.FRAME_HEADER;
      int sealed = sealer.seal(0, INCARNATION, lsn, KIND, SECRET, 0, SECRET.length, bytes, start);
      System.arraycopy(TAIL, 0, bytes, start + sealed, TAIL.length);
      JournalFormat.frameHeader(
          bytes, at, sealed + TAIL.length, sealed, KIND, JournalFormat.SEALED, 0, lsn);
      at = start + sealed + TAIL.length;
    }
    return Arrays.copyOf(bytes, at);
  }

  @Override
  public void check(byte[] input) {
    for (long[] range : new long[][] {{FIRST, FIRST + 2}, {FIRST + 3, FIRST + 3}}) {
      try {
        new JournalReplay(
                sealer,
                (lsn, _, secret, tail) -> {
                  byte[] opened = new byte[secret.remaining()];
                  secret.get(opened);
                  Checks.holds(
                      opened.length == 0 || Arrays.equals(opened, SECRET),
                      "a changed secret was opened in record " + lsn);
                  Checks.holds(tail.remaining() <= input.length, "a tail beyond its batch");
                },
                range[0])
            .batch(range[0], range[1], ByteBuffer.wrap(input));
      } catch (DvxException e) {
        Checks.refused(e);
      }
    }
  }
}
