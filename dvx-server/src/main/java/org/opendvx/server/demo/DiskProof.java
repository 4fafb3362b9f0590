package org.opendvx.server.demo;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.server.api.DiskView;
import org.opendvx.server.api.VmDetail;
import org.opendvx.server.demo.load.Tally;
import org.opendvx.server.demo.vm.FileSystemImage;

/**
 * Reads the disks of a machine with clients that are not ours and compares them, byte for byte,
 * with the images that were once written; then e2fsck looks over them.
 */
final class DiskProof {
  private static final Duration LIMIT = Duration.ofSeconds(60);

  private final Workshop shop;
  private final Node node;
  private final Tally tally;

  DiskProof(Workshop shop, Node node, Tally tally) {
    this.shop = shop;
    this.node = node;
    this.tally = tally;
  }

  /** Compares every disk of the machine, as vCenter and the node know it, with its original. */
  void compare(String machine, List<Path> originals) throws IOException, InterruptedException {
    VmDetail detail = node.api().get("vms/" + machine, VmDetail.class);
    if (detail.disks().size() != originals.size()) {
      throw DvxException.of(Kind.INTERNAL, machine + " does not have the disks that it must have")
          .cause(detail.disks().size() + " instead of " + originals.size())
          .build();
    }
    for (int disk = 0; disk < originals.size(); disk++) {
      compare(machine, detail.disks().get(disk), originals.get(disk));
    }
  }

  /** Whether a disk differs from its original now. */
  boolean differs(String path, Path original) throws IOException, InterruptedException {
    Path copy = shop.path("changed.img");
    try {
      node.foreign().get(path, copy, LIMIT);
      return Files.mismatch(original, copy) >= 0;
    } finally {
      Files.deleteIfExists(copy);
    }
  }

  private void compare(String machine, DiskView disk, Path original)
      throws IOException, InterruptedException {
    compare(machine, file(disk, "-flat.vmdk"), original);
  }

  /** Compares the data file of a machine's disk, which holds a file system, with its original. */
  void compare(String machine, String flat, Path original)
      throws IOException, InterruptedException {
    Path copy = shop.path("copy-of-" + machine + ".img");
    try {
      same(flat, original, copy);
      if (!new FileSystemImage(shop.programs(), shop.folder()).isSound(copy)) {
        tally.mismatch("e2fsck finds a fault in " + flat);
      }
    } finally {
      Files.deleteIfExists(copy);
    }
    if (node.answersOnPort111() && !node.foreign().isSame(original, flat, LIMIT)) {
      tally.mismatch("qemu-img compare finds " + flat + " different from its original");
    }
  }

  /** Compares a data file with its original. */
  void same(String path, Path original) throws IOException, InterruptedException {
    Path copy = shop.path("copy-of-file.img");
    try {
      same(path, original, copy);
    } finally {
      Files.deleteIfExists(copy);
    }
  }

  private void same(String path, Path original, Path copy)
      throws IOException, InterruptedException {
    node.foreign().get(path, copy, LIMIT);
    long at = Files.mismatch(original, copy);
    tally.checked(Files.size(original));
    if (at >= 0) {
      tally.mismatch(path + " differs from its original at byte " + at);
    }
  }

  private static String file(DiskView disk, String ending) {
    return disk.chain().stream()
        .filter(path -> path.endsWith(ending))
        .findFirst()
        .orElseThrow(
            () ->
                DvxException.of(Kind.INTERNAL, "A disk has no data file")
                    .cause(disk.label() + " consists of " + disk.chain())
                    .build());
  }
}
