package org.opendvx.core.nfs;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.opendvx.core.nfs.Nfs3TestClient.NO_CHANGE;
import static org.opendvx.core.nfs.Nfs3TestClient.change;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.opendvx.core.nfs.access.ClientNetwork;
import org.opendvx.core.nfs.access.Export;
import org.opendvx.core.testing.InMemoryDatastore;

/**
 * What vdsm, ioprocess, qemu and sanlock do on a storage domain, by NFS calls as their hosts'
 * kernel would send them, from two hosts. Never tried with the real ones: there is no kernel client
 * here.
 */
@Timeout(120)
class VdsmOperationsTest {
  private static final int SECTOR = 512;
  private static final int FILE_SYNC = 2;

  private final InMemoryDatastore datastore = new InMemoryDatastore();
  private final TestServer server =
      new TestServer(
          TestServer.settings(
              new Export(
                  "/rhv", "/rhv", ClientNetwork.LOOPBACK, new Export.Owner(36, 36), false, false)),
          datastore);
  private Nfs3TestClient host1 = client();
  private Nfs3TestClient host2 = client();
  private byte[] root = new byte[0];
  private byte[] disk = new byte[0];

  private Nfs3TestClient client() {
    try {
      return server.client().as(36, 36);
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  @BeforeEach
  void domain() throws Exception {
    root = host1.root("/rhv");
    byte[] domain = host1.newDirectory(root, "5f1c7f3a-0000-4000-8000-000000000001");
    host1.newDirectory(domain, "dom_md");
    disk = host1.newDirectory(host1.newDirectory(domain, "images"), "disk-1");
  }

  @AfterEach
  void close() throws Exception {
    host1.close();
    host2.close();
    server.close();
  }

  private static byte[] filled(int length, int value) {
    byte[] bytes = new byte[length];
    Arrays.fill(bytes, (byte) value);
    return bytes;
  }

  @Test
  void theMountIsUsableAndBelongsToVdsm() throws Exception {
    Nfs3TestClient.Fattr attributes = host1.getAttributes(root);
    assertEquals(36, attributes.uid());
    assertEquals(36, attributes.gid());
    // vdsm's direct I/O probe, then chown and chmod as it does at the domain's creation.
    byte[] probe = host1.newFile(root, "__DIRECT_IO_TEST__");
    host1.write(probe, 0, filled(SECTOR, 0), FILE_SYNC).ok();
    host1.remove(root, "__DIRECT_IO_TEST__").ok();
    host1.setAttributes(disk, change(0755, 36, null), null).ok();
    assertEquals(0755, host1.getAttributes(disk).mode());
    try (Nfs3TestClient rootOfHost = server.client().as(0, 0)) {
      byte[] made = rootOfHost.newFile(disk, "by-root");
      assertEquals(36, rootOfHost.getAttributes(made).uid(), "every client acts as vdsm");
    }
  }

  @Test
  void anImageIsMadeSparseGrownAndSeenByTheOtherHost() throws Exception {
    byte[] image = host1.newFile(disk, "image-1");
    host1.setAttributes(image, change(0660, 36, 10L << 30), null).ok();
    host1.write(image, (10L << 30) - SECTOR, filled(SECTOR, 7), FILE_SYNC).ok();
    byte[] seen = host2.find(disk, "image-1");
    assertArrayEquals(filled(SECTOR, 7), host2.data(seen, (10L << 30) - SECTOR, SECTOR));
    assertArrayEquals(new byte[SECTOR], host2.data(seen, 5L << 30, SECTOR));
    host2.setAttributes(seen, change(null, null, 20L << 30), null).ok();
    assertEquals(20L << 30, host1.getAttributes(image).size());
    host1.setAttributes(image, change(null, null, 0L), null).ok();
    assertEquals(0, host2.getAttributes(seen).size());
  }

  @Test
  void aTemplatesVolumeIsHardLinkedAndOutlivesItsFirstName() throws Exception {
    byte[] image = host1.newFile(disk, "template");
    host1.write(image, 0, filled(4096, 1), FILE_SYNC).ok();
    byte[] other = host1.newDirectory(root, "other-disk");
    host2.link(host2.find(disk, "template"), other, "template").ok();
    assertEquals(2, host1.getAttributes(image).links());
    host1.remove(disk, "template").ok();
    assertArrayEquals(filled(4096, 1), host2.data(host2.find(other, "template"), 0, 4096));
    assertEquals(1, host2.getAttributes(image).links());
  }

  @Test
  void metadataIsReplacedByRenameAndReadersSeeOneOrTheOther() throws Exception {
    byte[] first = host1.newFile(disk, "image.meta");
    host1.write(first, 0, filled(300, 0), FILE_SYNC).ok();
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      Future<?> writer =
          threads.submit(
              () -> {
                for (int round = 1; round <= 100; round++) {
                  byte[] fresh = host1.newFile(disk, "image.meta.new");
                  host1.write(fresh, 0, filled(300, round), FILE_SYNC).ok();
                  host1.rename(disk, "image.meta.new", disk, "image.meta").ok();
                }
                return "";
              });
      int last = 0;
      while (last < 100) {
        byte[] found = host2.find(disk, "image.meta");
        Nfs3TestClient.Result read = host2.read(found, 0, 300);
        if (read.status() == 70) {
          // STALE: replaced between the two calls; a client looks the name up again.
          continue;
        }
        read.ok().attributes();
        read.body().readLong();
        byte[] bytes = read.body().readOpaque(300);
        assertEquals(300, bytes.length);
        assertArrayEquals(filled(300, bytes[0]), bytes, "a mixture");
        assertTrue(bytes[0] >= last, "went back from " + last + " to " + bytes[0]);
        last = bytes[0];
      }
      Objects.requireNonNull(writer).get(30, TimeUnit.SECONDS);
    }
  }

  /**
   * Each host renews its own 512-byte sector of one 4 KiB block and reads the others': a host must
   * see every renewal that was acknowledged before it asked, or it would be fenced.
   */
  @Test
  void leasesInNeighbouringSectorsAreCoherentAcrossHosts() throws Exception {
    byte[] ids = host1.newFile(disk, "ids");
    host1.setAttributes(ids, change(0660, 36, 1L << 20), null).ok();
    AtomicLong[] acknowledged = new AtomicLong[4];
    List<Future<?>> hosts = new ArrayList<>();
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (int n = 0; n < acknowledged.length; n++) {
        acknowledged[n] = new AtomicLong();
      }
      for (int n = 0; n < acknowledged.length; n++) {
        int own = n;
        hosts.add(
            threads.submit(
                () -> {
                  try (Nfs3TestClient host = client()) {
                    for (long stamp = 1; stamp <= 300; stamp++) {
                      byte[] sector = new byte[SECTOR];
                      ByteBuffer.wrap(sector).putLong(0, stamp).putLong(SECTOR - 8, stamp);
                      host.write(ids, (long) own * SECTOR, sector, FILE_SYNC).ok();
                      acknowledged[own].set(stamp);
                      int other = (int) (stamp % acknowledged.length);
                      long least = acknowledged[other].get();
                      ByteBuffer seen =
                          ByteBuffer.wrap(host.data(ids, (long) other * SECTOR, SECTOR));
                      assertEquals(seen.getLong(0), seen.getLong(SECTOR - 8), "a torn sector");
                      assertTrue(seen.getLong(0) >= least, "a renewal was lost or came late");
                    }
                  }
                  return "";
                }));
      }
      for (Future<?> each : hosts) {
        Objects.requireNonNull(each).get(90, TimeUnit.SECONDS);
      }
    }
  }

  @Test
  void aDiskIsRemovedAsVdsmDoesIt() throws Exception {
    for (String name : List.of("image-1", "image-1.meta", "image-1.lease")) {
      host1.newFile(disk, name);
    }
    byte[] images = host1.find(host1.find(root, "5f1c7f3a-0000-4000-8000-000000000001"), "images");
    host1.rename(images, "disk-1", images, "_remove_me_disk-1").ok();
    assertNotEquals(0, host2.lookup(images, "disk-1").status());
    byte[] doomed = host2.find(images, "_remove_me_disk-1");
    for (Nfs3TestClient.Entry entry : host2.all(doomed)) {
      host2.remove(doomed, entry.name()).ok();
    }
    host2.call(13, Nfs3TestClient.where(images, "_remove_me_disk-1")).ok();
    assertEquals(List.of(), host1.all(images));
    host1.create(images, "disk-1", 1, NO_CHANGE).ok();
  }

  /** sanlock makes a lease area; it goes through the datastore sector by sector and comes back. */
  @Test
  void sanlocksLeasesComeBackAsItWroteThem(@TempDir Path folder) throws Exception {
    ForeignTool.require("sanlock", "sanlock");
    Path local = folder.resolve("leases");
    Files.write(local, new byte[1 << 20]);
    ForeignTool.run(folder, "sanlock", "direct", "init", "-r", "TESTLS:res1:" + local + ":0");
    byte[] area = Files.readAllBytes(local);
    byte[] leases = host1.newFile(disk, "leases");
    for (int at = 0; at < area.length; at += SECTOR) {
      byte[] sector = Arrays.copyOfRange(area, at, at + SECTOR);
      if (!Arrays.equals(sector, new byte[SECTOR])) {
        host1.write(leases, at, sector, FILE_SYNC).ok();
      }
    }
    host1.setAttributes(leases, change(null, null, (long) area.length), null).ok();
    byte[] back = host2.data(leases, 0, area.length);
    assertArrayEquals(area, back);
    Path copy = Files.write(folder.resolve("copy"), back);
    String dump = ForeignTool.run(folder, "sanlock", "direct", "dump", copy.toString());
    assertTrue(dump.contains("TESTLS") && dump.contains("res1"), dump);
  }
}
