package org.opendvx.core.nfs;

import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * qemu-img on nfs://, which asks port 111 and cannot be told otherwise: server and client run in a
 * network namespace of their own.
 */
class QemuImgTest {
  private static final String DISK = "nfs://127.0.0.1/dvx/disk.raw";
  private static final String QCOW = "nfs://127.0.0.1/dvx/disk.qcow2";

  @BeforeAll
  static void tools() {
    assumeTrue("root".equals(System.getProperty("user.name")), "needs root for a namespace");
    ForeignTool.require("ip", "iproute2");
    ForeignTool.require("qemu-img", "qemu-utils");
    assumeTrue(
        Files.exists(Path.of("/usr/lib/x86_64-linux-gnu/qemu/block-nfs.so"))
            || Files.exists(Path.of("/usr/lib/aarch64-linux-gnu/qemu/block-nfs.so")),
        "qemu's NFS driver is missing: install the Debian package qemu-block-extra");
  }

  @Test
  void disksAreCreatedConvertedComparedCheckedAndBenched(@TempDir Path folder) throws Exception {
    String namespace = "dvx-test-" + ProcessHandle.current().pid();
    List<String> inside = List.of("ip", "netns", "exec", namespace);
    ForeignTool.run(folder, "ip", "netns", "add", namespace);
    try {
      ForeignTool.run(folder, "ip", "-n", namespace, "link", "set", "lo", "up");
      Process server = start(folder, inside);
      try {
        drive(folder, inside);
      } finally {
        server.destroy();
        if (!server.waitFor(10, TimeUnit.SECONDS)) {
          server.destroyForcibly();
        }
      }
    } finally {
      ForeignTool.run(folder, "ip", "netns", "del", namespace);
    }
  }

  private static Process start(Path folder, List<String> inside) throws Exception {
    Path log = folder.resolve("server.log");
    String[] command =
        ForeignTool.prefixed(
            inside,
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-Xmx1g",
            "--enable-native-access=ALL-UNNAMED",
            "-cp",
            System.getProperty("java.class.path"),
            InMemoryNfsServer.class.getName(),
            "2049",
            "portmap");
    Process server =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile()).start();
    Waiting.until(
        "the server listens",
        () -> {
          assertTrue(server.isAlive(), () -> read(log));
          return read(log).contains("SERVED");
        });
    return server;
  }

  private static void drive(Path folder, List<String> inside) throws Exception {
    Path local = folder.resolve("local.raw");
    try (RandomAccessFile file = new RandomAccessFile(local.toFile(), "rw")) {
      byte[] block = new byte[1 << 20];
      Random random = new Random(42);
      for (int i = 0; i < 48; i++) {
        random.nextBytes(block);
        file.seek(i * 3L * block.length);
        file.write(block);
      }
      file.setLength(160L << 20);
    }
    qemu(folder, inside, "create", "-f", "raw", DISK, "64M");
    qemu(folder, inside, "convert", "-f", "raw", "-O", "raw", local.toString(), DISK);
    qemu(folder, inside, "compare", "-f", "raw", "-F", "raw", local.toString(), DISK);
    qemu(folder, inside, "create", "-f", "qcow2", QCOW, "1G");
    qemu(folder, inside, "convert", "-f", "raw", "-O", "qcow2", DISK, QCOW);
    qemu(folder, inside, "check", "-f", "qcow2", QCOW);
    qemu(folder, inside, "compare", "-f", "raw", "-F", "qcow2", local.toString(), QCOW);
    qemu(folder, inside, "bench", "-f", "raw", "-t", "none", "-c", "5000", "-d", "32", DISK);
    qemu(
        folder,
        inside,
        "bench",
        "-f",
        "raw",
        "-t",
        "none",
        "-w",
        "-c",
        "5000",
        "-d",
        "32",
        "--flush-interval",
        "500",
        DISK);
  }

  private static void qemu(Path folder, List<String> inside, String... arguments) throws Exception {
    String[] command = ForeignTool.prefixed(List.of("qemu-img"), arguments);
    ForeignTool.run(folder, ForeignTool.prefixed(inside, command));
  }

  private static String read(Path log) {
    try {
      return Files.readString(log);
    } catch (java.io.IOException e) {
      return e.toString();
    }
  }
}
