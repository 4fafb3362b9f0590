package org.opendvx.core.nfs;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.opendvx.core.clean.Cleaner;
import org.opendvx.core.clean.SteppedCleaner;
import org.opendvx.core.codec.KeyRing;
import org.opendvx.core.datastore.DatastoreSettings;
import org.opendvx.core.datastore.DvxDatastore;
import org.opendvx.core.journal.JournalSettings;
import org.opendvx.core.log.LogSettings;
import org.opendvx.core.nfs.access.Export;
import org.opendvx.core.nfs.rpc.RpcLimits;
import org.opendvx.core.testing.InMemoryPool;

/**
 * A request whose client was told to send it again, or whose connection has ended, is not carried
 * out later: the client may have gone on to something else.
 */
@Timeout(200)
class GivenUpRequestsTest {
  private static final int JUKEBOX = 10008;
  private static final int FILE_SYNC = 2;
  private static final int SIZE = 64 << 10;
  private static final int MOST = 200;

  private final CountDownLatch room = new CountDownLatch(1);
  private final InMemoryPool pool = new InMemoryPool();
  private final DvxDatastore store =
      DvxDatastore.format(pool, KeyRing.generate(), settings(), "host-a");
  private final TestServer server = limited();
  private final Cleaner cleaner = SteppedCleaner.of(store.reclaim(), this::await);
  private final Random random = new Random(7);

  /** The store waits for room for longer than the server waits for the store. */
  private static DatastoreSettings settings() {
    Duration patient = Duration.ofSeconds(100);
    return new DatastoreSettings(
        new LogSettings(4 << 20, 4 << 20, 1 << 20, 8, 2, patient),
        new JournalSettings(
            32L << 20,
            Duration.ofMillis(500),
            patient,
            Duration.ofMillis(20),
            Duration.ofMillis(200)),
        4 << 20,
        100,
        Duration.ofHours(1),
        0.9,
        1_000_000,
        2,
        patient,
        Duration.ofSeconds(10),
        Duration.ofHours(24));
  }

  private TestServer limited() {
    RpcLimits usual = RpcLimits.DEFAULT;
    return new TestServer(
        TestServer.settings(Export.loopback("/dvx"))
            .withLimits(
                new RpcLimits(
                    usual.recordBytes(),
                    usual.fragments(),
                    usual.requests(),
                    usual.replyBytes(),
                    usual.connections(),
                    usual.connectionsPerClient(),
                    usual.recordTime(),
                    usual.idleTime(),
                    usual.stalledTime(),
                    Duration.ofSeconds(1))),
        store);
  }

  @AfterEach
  void stop() {
    room.countDown();
    cleaner.close();
    server.close();
    store.close();
  }

  private byte[] noise() {
    byte[] bytes = new byte[SIZE];
    random.nextBytes(bytes);
    return bytes;
  }

  /** The pool is full, and the cleaner comes to no end: writes wait. */
  private void fill() {
    pool.usableBytes(0);
    // Counted anew, which happens only now and then.
    assertTrue(store.reclaim().freeBytes() <= 0);
  }

  private void await(String step) {
    try {
      assertTrue(room.await(90, TimeUnit.SECONDS), "nobody made room: " + step);
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }

  /** There is room again; waits until what waited for it has had its chance. */
  private void free(Nfs3TestClient client, byte[] file) throws Exception {
    pool.usableBytes(1L << 40);
    room.countDown();
    for (int i = 0; i < MOST; i++) {
      if (client.write(file, 0, noise(), FILE_SYNC).status() == 0) {
        Thread.sleep(2_000);
        return;
      }
    }
    throw new AssertionError("there is never room");
  }

  @Test
  void whatWaitedTooLongIsNotCarriedOutWhenThereIsRoom() throws Exception {
    try (Nfs3TestClient client = server.client()) {
      byte[] root = client.root("/dvx");
      byte[] file = client.newFile(root, "disk");
      byte[] other = client.newFile(root, "other");
      byte[] first = noise();
      assertEquals(0, client.write(file, 0, first, FILE_SYNC).status());
      cleaner.start();
      fill();
      assertEquals(JUKEBOX, client.write(file, 0, noise(), FILE_SYNC).status());
      free(client, other);
      assertArrayEquals(first, client.data(file, 0, SIZE));
    }
  }

  @Test
  void whatAConnectionThatEndedHadAskedForIsNotCarriedOut() throws Exception {
    try (Nfs3TestClient client = server.client()) {
      byte[] root = client.root("/dvx");
      byte[] file = client.newFile(root, "disk");
      byte[] other = client.newFile(root, "other");
      byte[] first = noise();
      assertEquals(0, client.write(file, 0, first, FILE_SYNC).status());
      cleaner.start();
      fill();
      try (Nfs3TestClient gone = server.client()) {
        gone.rpc.send(
            gone.rpc.message(
                gone.rpc.nextXid(),
                Nfs3TestClient.NFS,
                3,
                7,
                Nfs3TestClient.write(file, 0, SIZE, noise(), FILE_SYNC)));
        Thread.sleep(300);
      }
      Thread.sleep(300);
      free(client, other);
      assertArrayEquals(first, client.data(file, 0, SIZE));
      assertTrue(client.write(file, 0, noise(), FILE_SYNC).status() == 0);
    }
  }
}
