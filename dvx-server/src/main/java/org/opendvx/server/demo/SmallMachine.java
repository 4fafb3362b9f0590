package org.opendvx.server.demo;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.server.bench.rpc.NfsSession;
import org.opendvx.server.demo.VCenterStart.VCenter;
import org.opendvx.server.demo.vm.FileSystemImage;
import org.opendvx.server.demo.vm.FileSystemImage.Source;
import org.opendvx.server.simulator.EsxMachine;

/** Step 4: app01, a machine with two disks that hold real file systems with real files. */
final class SmallMachine {
  static final String NAME = "app01";

  private static final Duration COPY_LIMIT = Duration.ofSeconds(60);
  private static final double MIB = 1L << 20;
  private static final int FEW = 1000;
  private static final int MANY = 3000;
  private static final List<List<Source>> SOURCES =
      List.of(
          List.of(
              source("/usr/bin", FEW, 0), source("/usr/sbin", FEW, 0), source("/usr/lib", MANY, 1)),
          List.of(
              source("/usr/share/doc", FEW, 0),
              source("/etc", FEW, 0),
              source("/usr/share", MANY, 16),
              source("/usr/lib", MANY, 64)));

  private final Workshop shop;
  private final Node node;
  private final VCenter vcenter;

  SmallMachine(Workshop shop, Node node, VCenter vcenter) {
    this.shop = shop;
    this.node = node;
    this.vcenter = vcenter;
  }

  private static Source source(String folder, int mostFiles, int leastKib) {
    return new Source(Path.of(folder), mostFiles, leastKib * 1024L);
  }

  /**
   * The machine and what was put on its disks.
   *
   * @param originals local images, disk by disk
   */
  record Made(EsxMachine machine, List<Path> originals) {}

  Made run() throws IOException, InterruptedException {
    long size = shop.scale().imageBytes();
    EsxMachine machine = new EsxMachine(NAME, List.of(size, size));
    List<Path> originals = images(size);
    MachineMaker maker = new MachineMaker(shop, node);
    try (NfsSession session = NfsSession.open(node.target())) {
      maker.folder(session, machine);
    }
    for (int disk = 0; disk < originals.size(); disk++) {
      String path = machine.folder() + "/" + machine.flat(disk);
      if (disk > 0 && node.answersOnPort111()) {
        node.foreign().convert(originals.get(disk), path, COPY_LIMIT);
      } else {
        node.foreign().put(originals.get(disk), path, COPY_LIMIT);
      }
    }
    int texts = maker.texts(machine);
    shop.narrator()
        .say(
            "Written over NFS by %s; %d small files by nfs-cp.",
            node.answersOnPort111() ? "nfs-cp (disk 1) and qemu-img convert (disk 2)" : "nfs-cp",
            texts);
    maker.register(machine, vcenter);
    shop.narrator().say("%s is registered in vCenter and runs.", NAME);
    return new Made(machine, originals);
  }

  private List<Path> images(long size) throws IOException, InterruptedException {
    FileSystemImage maker = new FileSystemImage(shop.programs(), shop.folder());
    List<Path> images = new ArrayList<>();
    for (int disk = 0; disk < SOURCES.size(); disk++) {
      Path image = shop.path("original-" + NAME + "-" + disk + ".img");
      FileSystemImage.Content content =
          maker.make(image, SOURCES.get(disk), shop.scale().contentBytes(), size);
      if (content.files() == 0 || !maker.isSound(image) || Files.size(image) != size) {
        throw DvxException.of(Kind.INTERNAL, "The image of a disk is not as it should be")
            .cause("It holds " + content.files() + " files, or e2fsck finds a fault")
            .build();
      }
      shop.narrator()
          .say(
              "Disk %d of %s: an ext4 file system of %.0f MiB with %,d files of this machine"
                  + " (%.0f MiB).",
              disk + 1, NAME, size / MIB, content.files(), content.bytes() / MIB);
      images.add(image);
    }
    return images;
  }
}
