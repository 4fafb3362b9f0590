package org.opendvx.core.pool.local;

import java.nio.ByteBuffer;
import java.util.List;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.fuzz.Checks;
import org.opendvx.core.fuzz.FuzzTarget;

/** Copies of register records, and the list of a journal's segments, which is one. */
public final class RecordFileFuzz implements FuzzTarget {
  private static final String KEY = "a/b";

  /** Found by name. */
  public RecordFileFuzz() {}

  @Override
  public String name() {
    return "record-file";
  }

  @Override
  public List<byte[]> seeds() {
    return List.of(
        new RecordFile(KEY, 3, 4, 5, new byte[] {1, 2, 3}).encode().array(),
        new RecordFile(KEY, 1, 0, 0, new byte[0]).encode().array());
  }

  @Override
  public void repair(byte[] input) {
    Checks.putCrc(input, 48, input.length, 40);
    Checks.putCrc(input, 0, 44, 44);
  }

  @Override
  public void check(byte[] input) {
    try {
      RecordFile file = RecordFile.decode(KEY, ByteBuffer.wrap(input));
      if (file != null) {
        RecordFile again = RecordFile.decode(KEY, file.encode().rewind());
        Checks.holds(again != null && again.sameAs(file) && again.tag() == file.tag(), "a record");
        Checks.same(file.value(), again == null ? new byte[0] : again.value(), "a value");
      }
    } catch (DvxException e) {
      Checks.refused(e);
    }
  }
}
