package org.opendvx.core.pool.local;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.opendvx.core.pool.PoolStatus;

/** Says how the pool is, and what it would not survive. */
final class StatusReport {
  private StatusReport() {}

  static PoolStatus of(
      PoolView view, LocalContainerStore containers, int journalCopies, Room room) {
    LocalContainerStore.Redundancy redundancy = containers.redundancy();
    int copies = Math.min(journalCopies, view.usable().size());
    int tolerated = Math.max(0, Math.min(redundancy.leastSpare(), copies - 1));
    List<PoolStatus.Drive> drives = new ArrayList<>();
    for (Member member : view.membership().members()) {
      if (member.counts()) {
        drives.add(drive(view, member, room));
      }
    }
    boolean whole = view.complete();
    PoolStatus.Health health =
        view.failed()
            ? PoolStatus.Health.FAILED
            : whole && tolerated >= Quorum.PARITY
                ? PoolStatus.Health.HEALTHY
                : PoolStatus.Health.DEGRADED;
    return new PoolStatus(
        health,
        summary(view, tolerated, redundancy),
        tolerated,
        view.membership().generation(),
        drives,
        room.capacity(view.usable(), view.placeable(), view.membership().size()),
        containers.count(),
        redundancy.degraded());
  }

  private static PoolStatus.Drive drive(PoolView view, Member member, Room room) {
    Drive drive = view.drive(member.index());
    PoolStatus.DriveState state =
        !member.active()
            ? PoolStatus.DriveState.EVICTED
            : drive != null ? PoolStatus.DriveState.ACTIVE : PoolStatus.DriveState.MISSING;
    Path path = drive == null ? null : drive.folder().root();
    return new PoolStatus.Drive(
        member.index(),
        member.drive().toString(),
        path == null ? "" : path.toString(),
        state,
        drive == null ? view.reasons().getOrDefault(member.index(), "missing") : "",
        drive == null ? 0 : room.total(drive),
        drive == null ? 0 : Room.used(drive),
        drive == null ? 0 : drive.shards().get());
  }

  private static String summary(
      PoolView view, int tolerated, LocalContainerStore.Redundancy redundancy) {
    int members = view.membership().size();
    int usable = view.usable().size();
    String failure = view.failure();
    StringBuilder text = new StringBuilder();
    if (failure != null) {
      text.append("STOPPED: ").append(failure).append(". Bring a missing drive back");
    } else if (usable < members) {
      text.append(usable).append(" of ").append(members).append(" drives are in use");
    } else {
      text.append("All ").append(members).append(members == 1 ? " drive is" : " drives are");
      text.append(" in use");
    }
    if (redundancy.degraded() > 0) {
      text.append("; ").append(redundancy.degraded()).append(" containers lack shards");
    }
    if (view.membership().hasFilling()) {
      text.append("; a drive that was replaced is being filled");
    }
    text.append("; ");
    switch (tolerated) {
      case 0 -> text.append("WARNING: the loss of one more drive loses data");
      case 1 -> text.append("one more drive may be lost without losing data");
      default -> text.append(tolerated).append(" more drives may be lost without losing data");
    }
    int stops = view.filled() - Quorum.leastActive(members);
    if (failure == null && tolerated > stops) {
      text.append(", but writes stop when more than ").append(stops).append(" are");
    }
    return text.toString();
  }
}
