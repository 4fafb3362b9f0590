package org.opendvx.core.pool.local;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.UUID;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.fuzz.Checks;
import org.opendvx.core.fuzz.FuzzTarget;

/** Drive labels: both copies, members and flags. */
public final class DriveLabelFuzz implements FuzzTarget {
  private static final int COPY = Layout.BLOCK;

  /** Found by name. */
  public DriveLabelFuzz() {}

  @Override
  public String name() {
    return "drive-label";
  }

  @Override
  public List<byte[]> seeds() {
    List<Member> members =
        List.of(
            new Member(0, new UUID(1, 2), Member.State.ACTIVE, 7),
            new Member(1, new UUID(3, 4), Member.State.EVICTED, true, true, 8),
            new Member(2, new UUID(5, 6), Member.State.REMOVED, 9));
    Membership membership = new Membership(Membership.generation(3, 4), members);
    return List.of(
        new DriveLabel(new UUID(9, 9), new UUID(1, 2), 0, false, 1, 3, membership)
            .encode()
            .array());
  }

  @Override
  public void repair(byte[] input) {
    for (int at = 0; at + COPY <= input.length; at += COPY) {
      Checks.putCrc(input, at, at + COPY - 4, at + COPY - 4);
    }
  }

  @Override
  public void check(byte[] input) {
    try {
      DriveLabel label = DriveLabel.decode(ByteBuffer.wrap(input), "here");
      if (label != null) {
        DriveLabel again = DriveLabel.decode(label.encode(), "here");
        Checks.holds(label.equals(again), "a label changed: " + label + " and " + again);
      }
    } catch (DvxException e) {
      Checks.refused(e);
    }
  }
}
