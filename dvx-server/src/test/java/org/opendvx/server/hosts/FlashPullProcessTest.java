package org.opendvx.server.hosts;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.opendvx.server.DvxCommand;
import org.opendvx.server.api.PrefetchRequest;
import org.opendvx.server.api.PrefetchesView;
import org.opendvx.server.api.ReadTiersView;
import org.opendvx.server.cli.RestClient;
import org.opendvx.server.lab.HostLab;

/** The only flash device of a host is pulled while its files are read and written. */
final class FlashPullProcessTest {
  private static final int BLOCKS = 8192;
  private static final long LIMIT_SECONDS = 180;
  private static final long SEED = 12;

  private final Random random = new Random(SEED);
  private final Blocks blocks = new Blocks(SEED, BLOCKS);
  private long written;

  private static String flash(Path device) throws IOException {
    return """
    flash:
      devices: [%s]
      capacity: 256MiB
    """
        .formatted(Files.createDirectories(device));
  }

  private static ReadTiersView tiers(HostLab lab, String host) throws IOException {
    try (RestClient client = RestClient.of(lab.node(host))) {
      return Objects.requireNonNull(client.get("prefetch", PrefetchesView.class).reads());
    }
  }

  private void write(NfsClient client, byte[] file, int block) throws IOException {
    long number = ++written;
    blocks.begin(block, number);
    client.write(file, (long) block * Blocks.SIZE, blocks.content(block, number));
    blocks.acknowledged(block, number);
  }

  /** Reads and writes until something holds, every block verified; what reads took is printed. */
  private void work(
      String what, HostLab lab, NfsClient client, byte[] file, Predicate<ReadTiersView> until)
      throws IOException {
    ReadTiersView before = tiers(lab, "h1");
    long[] nanos = new long[1 << 20];
    int reads = 0;
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(LIMIT_SECONDS);
    ReadTiersView now = before;
    while (!until.test(now) && System.nanoTime() - end < 0) {
      for (int i = 0; i < 500; i++) {
        int block = random.nextInt(BLOCKS);
        long start = System.nanoTime();
        byte[] read = client.read(file, (long) block * Blocks.SIZE, Blocks.SIZE);
        nanos[reads++ % nanos.length] = System.nanoTime() - start;
        blocks.check(block, read, what);
        if (i % 5 == 0) {
          write(client, file, random.nextInt(BLOCKS));
        }
      }
      now = tiers(lab, "h1");
    }
    long[] sorted = Arrays.copyOf(nanos, Math.min(reads, nanos.length));
    Arrays.sort(sorted);
    System.out.printf(
        "%s: %d reads, p50 %d us; flash %d, peer %d, pool %d chunks%n",
        what,
        reads,
        sorted.length == 0 ? 0 : TimeUnit.NANOSECONDS.toMicros(sorted[sorted.length / 2]),
        now.flashChunks() - before.flashChunks(),
        now.peerChunks() - before.peerChunks(),
        now.poolChunks() - before.poolChunks());
    assertTrue(until.test(now), what + ": " + now + lab.logs());
  }

  @Test
  @Timeout(600)
  void readsGoOnFromThePeerAndComeBackToTheReplacedDevice(@TempDir Path folder) throws Exception {
    try (HostProcesses hosts = new HostProcesses(folder)) {
      HostLab lab = hosts.lab();
      Path device = lab.at("flash1");
      lab.startDataNode();
      lab.join("h1", flash(device));
      lab.join("h2", flash(lab.at("flash2")));
      lab.start(List.of("h1", "h2"));
      try (NfsClient client = hosts.mount("h1", BlockWriter.CALL, BlockWriter.PATIENCE)) {
        byte[] file = client.file(client.root(), "disk");
        String _ = DvxCommand.run(lab.at("h1"), "vm", "move-simulate", "/disk", "--to", "h1");
        for (int block = 0; block < BLOCKS; block++) {
          write(client, file, block);
        }
        fetch(lab, "h2");
        work("own flash", lab, client, file, now -> now.flashChunks() > 1000);
        assertEquals("FLASH", tiers(lab, "h1").mode());

        Files.move(device, lab.at("pulled"));
        work("pulled", lab, client, file, now -> now.mode().equals("PEER_CACHE"));
        long peer = tiers(lab, "h1").peerChunks();
        work("from the peer", lab, client, file, now -> now.peerChunks() > peer + 1000);
        String told = DvxCommand.run(lab.at("h1"), "status");
        assertTrue(told.contains("peer cache mode"), told);

        Files.createDirectory(device);
        work("replaced", lab, client, file, now -> now.mode().equals("FLASH"));
        long flash = tiers(lab, "h1").flashChunks();
        work("own flash again", lab, client, file, now -> now.flashChunks() > flash + 1000);
      }
    }
  }

  /** The other host gets what the file's host holds, as for a machine that moves there. */
  private static void fetch(HostLab lab, String to) throws Exception {
    try (RestClient client = RestClient.of(lab.node(to))) {
      PrefetchesView _ =
          client.post("prefetch", new PrefetchRequest("/disk", "h1", false), PrefetchesView.class);
      long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(LIMIT_SECONDS);
      while (client.get("prefetch", PrefetchesView.class).items().getFirst().ended() == null) {
        assertTrue(System.nanoTime() - end < 0, () -> "the other host fetches for too long");
        Thread.sleep(50);
      }
    }
  }
}
