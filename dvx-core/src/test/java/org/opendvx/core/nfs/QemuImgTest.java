package org.opendvx.core.nfs;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** qemu-img on nfs://, which asks port 111 and cannot be told otherwise. */
class QemuImgTest {
  private static final String DISK = "nfs://127.0.0.1/dvx/disk.raw";
  private static final String QCOW = "nfs://127.0.0.1/dvx/disk.qcow2";

  @BeforeAll
  static void tools() {
    NetworkNamespace.require();
    ForeignTool.require("qemu-img", "qemu-utils");
    assumeTrue(
        Files.exists(Path.of("/usr/lib/x86_64-linux-gnu/qemu/block-nfs.so"))
            || Files.exists(Path.of("/usr/lib/aarch64-linux-gnu/qemu/block-nfs.so")),
        "qemu's NFS driver is missing: install the Debian package qemu-block-extra");
  }

  @Test
  void disksAreCreatedConvertedComparedCheckedAndBenched(@TempDir Path folder) throws Exception {
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
    try (NetworkNamespace network = NetworkNamespace.create(folder)) {
      network.startServer(2049, "SERVED");
      drive(network, local.toString());
    }
  }

  private static void drive(NetworkNamespace network, String local) throws Exception {
    qemu(network, "create", "-f", "raw", DISK, "64M");
    qemu(network, "convert", "-f", "raw", "-O", "raw", local, DISK);
    qemu(network, "compare", "-f", "raw", "-F", "raw", local, DISK);
    qemu(network, "create", "-f", "qcow2", QCOW, "1G");
    qemu(network, "convert", "-f", "raw", "-O", "qcow2", DISK, QCOW);
    qemu(network, "check", "-f", "qcow2", QCOW);
    qemu(network, "compare", "-f", "raw", "-F", "qcow2", local, QCOW);
    qemu(network, "bench", "-f", "raw", "-t", "none", "-c", "5000", "-d", "32", DISK);
    qemu(
        network,
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

  private static void qemu(NetworkNamespace network, String... arguments) throws Exception {
    network.run(ForeignTool.prefixed(List.of("qemu-img"), arguments));
  }
}
