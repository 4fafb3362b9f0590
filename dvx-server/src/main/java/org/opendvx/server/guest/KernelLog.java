package org.opendvx.server.guest;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.List;
import java.util.UUID;

/** What the kernel says of a device from a moment on. */
final class KernelLog {
  private static final Duration LIMIT = Duration.ofSeconds(60);
  private static final Path KERNEL = Path.of("/dev/kmsg");
  private static final String ID = "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}";

  private final String marker;

  private KernelLog(String marker) {
    this.marker = marker;
  }

  /** From now on. */
  static KernelLog fromNow() throws IOException {
    String marker = "dvx-guest: mark " + UUID.randomUUID();
    Files.writeString(KERNEL, marker + "\n", StandardOpenOption.WRITE);
    return new KernelLog(marker);
  }

  /**
   * What was said of a device, without what differs from one copy of a file system to the next: the
   * device's name, the file system's id.
   *
   * @param device such as {@code /dev/loop3}
   */
  List<String> of(String device) throws IOException, InterruptedException {
    List<String> lines = Tools.demand(LIMIT, "dmesg", "--notime").lines().toList();
    int mark = -1;
    for (int i = 0; i < lines.size(); i++) {
      mark = lines.get(i).contains(marker) ? i : mark;
    }
    if (mark < 0) {
      throw new IOException("the kernel's log has lost the mark " + marker);
    }
    String name = "(" + Path.of(device).getFileName() + ")";
    return lines.subList(mark, lines.size()).stream()
        .filter(line -> line.contains(name))
        .map(line -> line.replace(name, "(disk)").replaceAll(ID, "ID").strip())
        .toList();
  }
}
