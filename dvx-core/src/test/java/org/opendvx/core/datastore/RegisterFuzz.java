package org.opendvx.core.datastore;

import java.util.List;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.fuzz.Checks;
import org.opendvx.core.fuzz.FuzzTarget;
import org.opendvx.core.tree.Blob;
import org.opendvx.core.tree.RootRef;

/** Root records; and directory buckets and lists of requests, which are as small. */
public final class RegisterFuzz implements FuzzTarget {
  /** Found by name. */
  public RegisterFuzz() {}

  @Override
  public String name() {
    return "root-record";
  }

  @Override
  public List<byte[]> seeds() {
    RequestOutcomes outcomes = new RequestOutcomes();
    outcomes.add(new RequestTag(1, 2), 3, 4);
    return List.of(
        RootRecord.NONE.encode(),
        new RootRecord(
                4,
                9,
                7,
                new RootRef(1, 2, 3),
                new RootRef(4, 5, 6),
                RootRef.EMPTY,
                new Blob(8, 9),
                new RootRecord.Totals(1, 2, 3))
            .encode(),
        EntryBucket.encode(
            List.of(
                new DirectoryEntry(
                    DirectoryEntry.cookie(77, 0), new byte[] {'n'}, 16, FileType.REGULAR))),
        outcomes.encode());
  }

  @Override
  public void repair(byte[] input) {
    Checks.putCrc(input, 0, input.length - 4, input.length - 4);
  }

  @Override
  public void check(byte[] input) {
    try {
      RootRecord record = RootRecord.decode(input);
      Checks.holds(record.equals(RootRecord.decode(record.encode())), "a root record");
    } catch (DvxException e) {
      Checks.refused(e);
    }
    try {
      byte[] written = EntryBucket.encode(EntryBucket.decode(77, input));
      Checks.same(written, EntryBucket.encode(EntryBucket.decode(77, written)), "a bucket");
    } catch (DvxException e) {
      Checks.refused(e);
    }
    try {
      RequestOutcomes outcomes = new RequestOutcomes();
      outcomes.load(input);
      RequestOutcomes again = new RequestOutcomes();
      again.load(outcomes.encode());
      Checks.same(outcomes.encode(), again.encode(), "outcomes");
    } catch (DvxException e) {
      Checks.refused(e);
    }
  }
}
