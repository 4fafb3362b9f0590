package org.opendvx.core.pool.wire;

import java.util.ArrayList;
import java.util.List;
import org.opendvx.core.pool.PoolStatus;

/** A {@link PoolStatus} on the wire. */
public final class StatusCodec {
  private static final int MAX_TEXT = 8 << 10;

  private StatusCodec() {}

  /** Appends a status. */
  public static void write(WireOut out, PoolStatus status) {
    PoolStatus.Capacity room = status.capacity();
    out.u8(code(status.health()))
        .text(status.summary())
        .i32(status.toleratedLosses())
        .i64(status.generation())
        .i64(room.rawBytes())
        .i64(room.usableBytes())
        .i64(room.freeBytes())
        .i64(room.reserveBytes())
        .i64(status.containers())
        .i64(status.degradedContainers())
        .u16(status.drives().size());
    for (PoolStatus.Drive drive : status.drives()) {
      out.i32(drive.index())
          .text(drive.id())
          .text(drive.path())
          .u8(code(drive.state()))
          .text(drive.reason())
          .i64(drive.totalBytes())
          .i64(drive.usedBytes())
          .i64(drive.shards());
    }
  }

  /** Reads a status. */
  public static PoolStatus read(WireIn in) {
    PoolStatus.Health health = health(in.u8());
    String summary = in.text(MAX_TEXT);
    int losses = in.i32();
    long generation = in.i64();
    PoolStatus.Capacity room = new PoolStatus.Capacity(in.i64(), in.i64(), in.i64(), in.i64());
    long containers = in.i64();
    long degraded = in.i64();
    int count = in.u16();
    List<PoolStatus.Drive> drives = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      drives.add(
          new PoolStatus.Drive(
              in.i32(),
              in.text(MAX_TEXT),
              in.text(MAX_TEXT),
              state(in.u8()),
              in.text(MAX_TEXT),
              in.i64(),
              in.i64(),
              in.i64()));
    }
    return new PoolStatus(
        health, summary, losses, generation, List.copyOf(drives), room, containers, degraded);
  }

  private static int code(PoolStatus.Health health) {
    return switch (health) {
      case HEALTHY -> 0;
      case DEGRADED -> 1;
      case FAILED -> 2;
    };
  }

  private static PoolStatus.Health health(int code) {
    return switch (code) {
      case 0 -> PoolStatus.Health.HEALTHY;
      case 1 -> PoolStatus.Health.DEGRADED;
      case 2 -> PoolStatus.Health.FAILED;
      default -> throw new BadFrameException("a health of number " + code);
    };
  }

  private static int code(PoolStatus.DriveState state) {
    return switch (state) {
      case ACTIVE -> 0;
      case EVICTED -> 1;
      case MISSING -> 2;
    };
  }

  private static PoolStatus.DriveState state(int code) {
    return switch (code) {
      case 0 -> PoolStatus.DriveState.ACTIVE;
      case 1 -> PoolStatus.DriveState.EVICTED;
      case 2 -> PoolStatus.DriveState.MISSING;
      default -> throw new BadFrameException("a drive's state of number " + code);
    };
  }
}
