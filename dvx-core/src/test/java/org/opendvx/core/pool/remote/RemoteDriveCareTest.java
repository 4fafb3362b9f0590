package org.opendvx.core.pool.remote;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.opendvx.core.pool.Epoch;
import org.opendvx.core.pool.PoolStatus;
import org.opendvx.core.pool.local.CareStatus;
import org.opendvx.core.pool.local.DriveCare;

/** Drives of a data node come and go: all arithmetic is the hosts', and every byte stays. */
class RemoteDriveCareTest {
  private static final Epoch EPOCH = new Epoch("host-a", 1);
  private static final int CONTAINERS = 12;

  @TempDir private Path folder;

  @Test
  void whatALostDriveHadIsWrittenOnceMoreNarrower() throws IOException {
    try (TestDataNode node = TestDataNode.start(folder, 6)) {
      RemotePool host = node.client();
      fill(host);
      Files.move(folder.resolve("drive2"), folder.resolve("pulled"));
      awaitDrive(node, 2, PoolStatus.DriveState.EVICTED);
      node.pool().care().rebuildNow();
      awaitWhole(node);
      check(node, host);
    }
  }

  @Test
  void aDriveIsReplacedAnotherOneAddedAndOneRemoved() throws IOException {
    try (TestDataNode node = TestDataNode.start(folder, 6)) {
      RemotePool host = node.client();
      fill(host);
      Files.move(folder.resolve("drive2"), folder.resolve("pulled"));
      awaitDrive(node, 2, PoolStatus.DriveState.EVICTED);
      DriveCare care = node.pool().care();
      care.replace(2, folder.resolve("new"));
      awaitWhole(node);
      check(node, host);

      assertEquals(6, care.add(folder.resolve("more")));
      RemotePoolTest.await(
          "shards have moved", () -> node.pool().status().drives().getLast().shards() > 0);
      awaitWhole(node);
      care.remove(0);
      RemotePoolTest.await("it is gone", () -> node.pool().status().drives().size() == 6);
      awaitWhole(node);
      check(node, host);
    }
  }

  @Test
  void theRebuildWaitsForAHostAndSaysSo() throws IOException {
    try (TestDataNode node = TestDataNode.start(folder, 6)) {
      RemotePool first = node.client();
      fill(first);
      first.close();
      Files.move(folder.resolve("drive2"), folder.resolve("pulled"));
      awaitDrive(node, 2, PoolStatus.DriveState.EVICTED);
      DriveCare care = node.pool().care();
      care.rebuildNow();
      RemotePoolTest.await(
          "it cannot go on", () -> care.status().rebuild().phase() == CareStatus.Phase.STUCK);
      assertTrue(care.status().rebuild().reason().contains("No host"), care.status()::toString);
      RemotePool host = node.client();
      awaitWhole(node);
      check(node, host);
    }
  }

  @Test
  void theScrubTellsWhereAndHasItRepaired() throws IOException {
    try (TestDataNode node = TestDataNode.start(folder, 6)) {
      RemotePool host = node.client();
      fill(host);
      Path damaged = damage(folder.resolve("drive4"));
      node.pool().care().scrub();
      RemotePoolTest.await(
          "it has ended", () -> node.pool().care().status().scrub().finishedMillis() > 0);
      CareStatus.Scrub scrub = node.pool().care().status().scrub();
      assertEquals(1, scrub.found(), scrub::toString);
      assertEquals(1, scrub.repaired(), scrub::toString);
      assertTrue(damaged.startsWith(scrub.findings().getFirst().path()), scrub::toString);
      check(node, host);
    }
  }

  private static Path damage(Path drive) throws IOException {
    List<Path> shards;
    try (Stream<Path> files = Files.walk(drive.resolve("containers"))) {
      shards = files.filter(Files::isRegularFile).sorted().toList();
    }
    Path shard = shards.getFirst();
    byte[] bytes = Files.readAllBytes(shard);
    bytes[bytes.length - 1] ^= 1;
    Files.write(shard, bytes);
    return shard;
  }

  private static void fill(RemotePool host) {
    for (int id = 1; id <= CONTAINERS; id++) {
      byte[] content = content(id);
      host.containers().put(EPOCH, id, content, content.length);
    }
  }

  /** Of all lengths: less than a block, no multiple of the shards, nearly the longest. */
  private static byte[] content(int id) {
    byte[] content = new byte[id == 1 ? 100 : id == 2 ? 8_388_000 : 30_001 + 40_000 * id];
    new Random(id).nextBytes(content);
    return content;
  }

  /** Data as a host reads it, and checksums and parity as the drives have them. */
  private static void check(TestDataNode node, RemotePool host) {
    for (int id = 1; id <= CONTAINERS; id++) {
      byte[] content = content(id);
      byte[] read = new byte[content.length];
      host.containers().read(id, 0, read.length, read, 0);
      assertArrayEquals(content, read, "container " + id);
      assertEquals(List.of(), node.pool().care().check(id), "container " + id);
    }
  }

  private static void awaitDrive(TestDataNode node, int index, PoolStatus.DriveState state) {
    RemotePoolTest.await(
        "drive " + index + " is " + state,
        () -> node.pool().status().drives().get(index).state() == state);
  }

  private static void awaitWhole(TestDataNode node) {
    RemotePoolTest.await(
        "every container has its shards",
        () ->
            node.pool().status().degradedContainers() == 0
                && node.pool().care().status().rebuild().phase() == CareStatus.Phase.IDLE);
  }
}
