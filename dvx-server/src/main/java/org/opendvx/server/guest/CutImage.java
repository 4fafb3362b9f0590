package org.opendvx.server.guest;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * The disk of a cut. It must be what a clean freeze leaves: a file system that every checker finds
 * sound and that shows all of its data without its log being replayed.
 */
final class CutImage {
  private static final Duration LIMIT = Duration.ofMinutes(2);

  private final Path folder;
  private final String kind;

  CutImage(Path folder, String kind) {
    this.folder = folder;
    this.kind = kind;
  }

  /** Reads it out, checks it, mounts it read-only; returns the number of the last record. */
  long judge(String host, String path) throws IOException, InterruptedException {
    Path image = Files.createTempFile(folder, "cut-", ".img");
    try {
      Tools.demand(
          LIMIT,
          "qemu-img",
          "convert",
          "-f",
          "raw",
          "-O",
          "raw",
          "nfs://" + host + path,
          image.toString());
      check(image);
      return mounted(image);
    } finally {
      Files.deleteIfExists(image);
    }
  }

  private void check(Path image) throws IOException, InterruptedException {
    if (kind.equals("ext4")) {
      String head = Tools.demand(LIMIT, "dumpe2fs", "-h", image.toString());
      if (head.contains("needs_recovery")) {
        throw new IOException("the journal of the cut would have to be replayed");
      }
      Tools.demand(LIMIT, "e2fsck", "-fn", image.toString());
    } else {
      Tools.demand(LIMIT, "xfs_repair", "-n", image.toString());
    }
  }

  /** ext4 is mounted as it is; of xfs the log is left out, where a freeze leaves one record. */
  private long mounted(Path image) throws IOException, InterruptedException {
    Path point = Files.createTempDirectory(folder, "cut-");
    String device =
        Tools.demand(LIMIT, "losetup", "--find", "--show", "--read-only", image.toString()).strip();
    try {
      List<String> command = new ArrayList<>(List.of("mount", "-t", kind, "-o"));
      command.add(kind.equals("ext4") ? "ro" : "ro,norecovery,nouuid");
      command.addAll(List.of(device, point.toString()));
      Tools.demand(LIMIT, "", command);
      try {
        return RecordWriter.last(point);
      } finally {
        Tools.demand(LIMIT, "umount", point.toString());
      }
    } finally {
      Tools.demand(LIMIT, "losetup", "--detach", device);
      Files.deleteIfExists(point);
    }
  }
}
