package org.opendvx.server.demo;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.pool.FreeSpace;

/** Step 1: whether the programs are there that the demonstration needs, and room on the disk. */
final class ToolCheck {
  /** Programs, and the Debian packages that hold them. */
  private static final Map<String, String> PROGRAMS = programs();

  private static final Path GOVMOMI =
      Path.of("/usr/share/gocode/src/github.com/vmware/govmomi/simulator");
  private static final double GIB = 1L << 30;

  private final Workshop shop;

  ToolCheck(Workshop shop) {
    this.shop = shop;
  }

  private static Map<String, String> programs() {
    Map<String, String> programs = new LinkedHashMap<>();
    programs.put("nfs-cp", "libnfs-utils");
    programs.put("nfs-ls", "libnfs-utils");
    programs.put("qemu-img", "qemu-utils");
    programs.put("mke2fs", "e2fsprogs");
    programs.put("e2fsck", "e2fsprogs");
    programs.put("go", "golang-go");
    return programs;
  }

  /** The packages that are missing, sorted and once each. */
  static List<String> missingPackages() {
    List<String> missing = new ArrayList<>();
    PROGRAMS.forEach(
        (program, debian) -> {
          if (!onPath(program) && !missing.contains(debian)) {
            missing.add(debian);
          }
        });
    if (System.getenv("GOVMOMI_GOPATH") == null && !Files.isDirectory(GOVMOMI)) {
      missing.add("golang-github-vmware-govmomi-dev");
    }
    return missing;
  }

  Void run() throws IOException {
    List<String> missing = missingPackages();
    if (!missing.isEmpty()) {
      throw DvxException.of(Kind.UNAVAILABLE, "Programs that the demonstration needs are missing")
          .cause("Not here, by the name of their Debian packages: " + String.join(", ", missing))
          .remedy(
              "On Debian, as root: apt-get install -y --no-install-recommends "
                  + String.join(" ", missing)
                  + " qemu-block-extra; elsewhere, get libnfs' utilities, qemu-img, e2fsprogs, Go"
                  + " and the sources of govmomi 0.24 (name their GOPATH in GOVMOMI_GOPATH)")
          .build();
    }
    long free = FreeSpace.usableBytes(shop.folder());
    if (free < shop.scale().neededBytes()) {
      throw DvxException.of(Kind.NO_SPACE, "There is not enough room for the demonstration")
          .cause(
              String.format(
                  java.util.Locale.ROOT,
                  "%.0f GiB are needed below %s, and %.1f are free",
                  shop.scale().neededBytes() / GIB,
                  shop.folder(),
                  free / GIB))
          .remedy("Name a folder on a larger disk: --dir DIR")
          .build();
    }
    shop.narrator()
        .say(
            "%s are here. Everything is made below %s: %.0f GiB are free there, at most %.0f are"
                + " used.",
            String.join(", ", PROGRAMS.keySet()),
            shop.folder(),
            free / GIB,
            shop.scale().neededBytes() / GIB);
    return null;
  }

  private static boolean onPath(String program) {
    String path = System.getenv().getOrDefault("PATH", "") + ":/usr/sbin:/sbin";
    for (String folder : path.split(":", -1)) {
      if (!folder.isEmpty() && Files.isExecutable(Path.of(folder, program))) {
        return true;
      }
    }
    return false;
  }
}
