package org.opendvx.server.guest;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;

/**
 * A file of a datastore as a block device of this machine: qemu's NFS client, its FUSE export, a
 * loop device. What is flushed there is flushed by an NFS COMMIT.
 */
final class GuestDisk {
  private static final Duration LIMIT = Duration.ofSeconds(60);
  private static final Duration STEP = Duration.ofMillis(20);

  private final Process daemon;
  private final Path file;
  private String device = "";

  private GuestDisk(Process daemon, Path file) {
    this.daemon = daemon;
    this.file = file;
  }

  /**
   * Attaches a file.
   *
   * @param host where NFS is served; its port 111 is asked for the ports
   * @param path with the export in front
   * @param folder for the file that stands for the disk, and a log
   */
  static GuestDisk attach(String host, String path, Path folder, String name)
      throws IOException, InterruptedException {
    Path file = Files.createFile(folder.resolve(name + ".disk"));
    Path log = folder.resolve(name + ".log");
    Process daemon =
        new ProcessBuilder(
                "qemu-storage-daemon",
                "--blockdev",
                "driver=nfs,node-name=disk,server.type=inet,server.host=" + host + ",path=" + path,
                "--export",
                "type=fuse,id=fuse,node-name=disk,writable=on,mountpoint=" + file)
            .redirectErrorStream(true)
            .redirectOutput(log.toFile())
            .start();
    GuestDisk disk = new GuestDisk(daemon, file);
    try {
      long end = System.nanoTime() + LIMIT.toNanos();
      while (Files.size(file) == 0) {
        if (!daemon.isAlive() || System.nanoTime() > end) {
          throw DvxException.of(Kind.UNAVAILABLE, "A disk cannot be attached over NFS")
              .cause("qemu-storage-daemon: " + Files.readString(log).strip())
              .detail("file", host + ":" + path)
              .build();
        }
        Thread.sleep(STEP);
      }
      disk.device = Tools.demand(LIMIT, "losetup", "--find", "--show", file.toString()).strip();
      return disk;
    } catch (IOException | InterruptedException | RuntimeException e) {
      disk.close();
      throw e;
    }
  }

  /** The loop device's path. */
  String device() {
    return device;
  }

  /** {@code major:minor} of the device. */
  String number() throws IOException {
    return Files.readString(Path.of("/sys/block", Path.of(device).getFileName().toString(), "dev"))
        .strip();
  }

  /** Whatever is mounted from it must have been unmounted. */
  public void close() throws IOException, InterruptedException {
    try {
      if (!device.isEmpty()) {
        Tools.run(LIMIT, "", List.of("losetup", "--detach", device));
      }
    } finally {
      daemon.destroy();
      if (!daemon.waitFor(LIMIT.toMillis(), TimeUnit.MILLISECONDS)) {
        daemon.destroyForcibly();
      }
      Tools.run(LIMIT, "", List.of("umount", "--lazy", "--quiet", file.toString()));
    }
  }
}
