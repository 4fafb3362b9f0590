package org.opendvx.server.guest;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** A mounted file system on a {@link GuestDisk}. */
public final class GuestFileSystem {
  private static final Duration LIMIT = Duration.ofMinutes(2);
  private static final int ATTEMPTS = 50;
  private static final Duration STEP = Duration.ofMillis(200);

  private final String kind;
  private final GuestDisk disk;
  private final Path point;

  private GuestFileSystem(String kind, GuestDisk disk, Path point) {
    this.kind = kind;
    this.disk = disk;
    this.point = point;
  }

  /**
   * Mounts.
   *
   * @param kind {@code ext4} or {@code xfs}
   * @param make whether a new file system is made first
   */
  static GuestFileSystem mount(String kind, GuestDisk disk, Path point, boolean make)
      throws IOException, InterruptedException {
    if (make) {
      List<String> command = new ArrayList<>(List.of("mkfs." + kind, "-q"));
      command.addAll(
          kind.equals("xfs")
              ? List.of("-K")
              : List.of("-E", "nodiscard,lazy_itable_init=0,lazy_journal_init=0"));
      command.add(disk.device());
      Tools.demand(LIMIT, "", command);
    }
    Files.createDirectory(point);
    Tools.demand(LIMIT, "mount", "-t", kind, "-o", "noatime", disk.device(), point.toString());
    return new GuestFileSystem(kind, disk, point);
  }

  /** {@code ext4} or {@code xfs}. */
  public String kind() {
    return kind;
  }

  /** Where it is mounted. */
  public Path point() {
    return point;
  }

  GuestDisk disk() {
    return disk;
  }

  /** Freezes it as somebody else would; returns whether that was done. */
  public boolean freezeAsStranger() throws IOException, InterruptedException {
    return fsfreeze("--freeze");
  }

  /** Thaws it if it is frozen; returns whether it was. */
  public boolean thaw() throws IOException, InterruptedException {
    return fsfreeze("--unfreeze");
  }

  private boolean fsfreeze(String what) throws IOException, InterruptedException {
    return Tools.run(LIMIT, "", List.of("fsfreeze", what, point.toString())).exit() == 0;
  }

  /** Thaws and unmounts it. */
  public void close() throws IOException, InterruptedException {
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
      thaw();
      if (Tools.run(LIMIT, "", List.of("umount", point.toString())).exit() == 0) {
        return;
      }
      Thread.sleep(STEP);
    }
    Tools.run(LIMIT, "", List.of("umount", "--lazy", point.toString()));
  }
}
