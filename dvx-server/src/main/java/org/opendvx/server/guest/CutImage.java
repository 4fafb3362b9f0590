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

  /** Reads it out, checks it, mounts it. */
  Judged judge(String host, String path) throws IOException, InterruptedException {
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
      return kind.equals("ext4") ? ext4(image) : xfs(image);
    } finally {
      Files.deleteIfExists(image);
    }
  }

  /**
   * What a freeze by {@code fsfreeze} and a plain copy of the device come to: the measure for a
   * cut.
   */
  Judged reference(GuestFileSystem system) throws IOException, InterruptedException {
    Path image = Files.createTempFile(folder, "reference-", ".img");
    try {
      if (!system.freezeAsStranger()) {
        throw new IOException(system.point() + " could not be frozen");
      }
      try {
        Tools.demand(
            LIMIT,
            "dd",
            "if=" + system.disk().device(),
            "of=" + image,
            "bs=1M",
            "iflag=direct",
            "conv=sparse,notrunc",
            "status=none");
      } finally {
        system.thaw();
      }
      return forWriting(image);
    } finally {
      Files.deleteIfExists(image);
    }
  }

  private Judged ext4(Path image) throws IOException, InterruptedException {
    String head = Tools.demand(LIMIT, "dumpe2fs", "-h", image.toString());
    if (head.contains("needs_recovery")) {
      throw new IOException("the journal of the cut would have to be replayed");
    }
    Tools.demand(LIMIT, "e2fsck", "-fn", image.toString());
    Judged read = mounted(image, true, "ro");
    return agreeing(read, forWriting(image));
  }

  /**
   * A freeze of XFS leaves one record in the log, the superblock with its counters. Without the log
   * everything must be there; with that record the counters must be right too.
   */
  private Judged xfs(Path image) throws IOException, InterruptedException {
    Judged read = mounted(image, true, "ro,norecovery,nouuid");
    Judged written = agreeing(read, forWriting(image));
    Tools.demand(LIMIT, "xfs_repair", "-n", image.toString());
    return written;
  }

  private Judged forWriting(Path image) throws IOException, InterruptedException {
    return mounted(image, false, kind.equals("xfs") ? "nouuid" : "rw");
  }

  private static Judged agreeing(Judged read, Judged written) throws IOException {
    if (written.lastRecord() != read.lastRecord()) {
      throw new IOException(
          "the log holds records up to "
              + written.lastRecord()
              + ", the rest up to "
              + read.lastRecord());
    }
    return written;
  }

  private Judged mounted(Path image, boolean readOnly, String options)
      throws IOException, InterruptedException {
    Path point = Files.createTempDirectory(folder, "cut-");
    List<String> attach = new ArrayList<>(List.of("losetup", "--find", "--show"));
    if (readOnly) {
      attach.add("--read-only");
    }
    attach.add(image.toString());
    String device = Tools.demand(LIMIT, "", attach).strip();
    try {
      KernelLog log = KernelLog.fromNow();
      Tools.demand(LIMIT, "mount", "-t", kind, "-o", options, device, point.toString());
      try {
        return new Judged(RecordWriter.last(point), log.of(device));
      } finally {
        Tools.demand(LIMIT, "umount", point.toString());
      }
    } finally {
      Tools.demand(LIMIT, "losetup", "--detach", device);
      Files.deleteIfExists(point);
    }
  }
}
