package org.opendvx.core.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.opendvx.core.datastore.DvxDatastore;
import org.opendvx.core.datastore.FileError;
import org.opendvx.core.datastore.FileException;
import org.opendvx.core.datastore.FileKey;
import org.opendvx.core.testing.InMemoryPool;

/** What a root keeps of cuts that come to nothing. */
final class FrozenCutsTest {
  private static final ClusterSettings SETTINGS =
      new ClusterSettings(
          Duration.ofMillis(3000),
          Duration.ofMillis(300),
          Duration.ofMillis(200),
          Duration.ofMillis(100),
          Duration.ofSeconds(2),
          Duration.ofSeconds(25),
          Duration.ofMillis(700),
          Duration.ofMillis(1300),
          Duration.ofMillis(500),
          Duration.ofMillis(200),
          0,
          false,
          false);

  private final InMemoryPool pool = new InMemoryPool();
  private final AtomicInteger fenced = new AtomicInteger();
  private DvxDatastore store;
  private ServedRoot root;
  private long file;

  @BeforeEach
  void open() throws InterruptedException {
    // A clock that stands still: the lease holds for as long as the test takes.
    Membership membership = new Membership(pool, "host-a", "nowhere:1", () -> 1, SETTINGS);
    membership.join();
    store = DvxDatastore.format(pool, Cluster.KEYS, Cluster.STORE, "host-a");
    file = Cluster.file(store, FileKey.ROOT, "disk").file();
    root = new ServedRoot("host-a", store, membership, SETTINGS, _ -> fenced.incrementAndGet());
  }

  @AfterEach
  void close() {
    root.close();
  }

  @Test
  void aCutThatWasGivenUpBeforeItsFreezeCameIsRefused() {
    root.drop(5);
    FileException refused = assertThrows(FileException.class, () -> root.freeze(5, List.of(file)));
    assertEquals(FileError.BUSY, refused.error());
    assertEquals(0, root.frozenCuts());
    root.freeze(6, List.of(file));
    root.drop(6);
    assertEquals(0, root.frozenCuts());
  }

  @Test
  void whatNobodySettlesIsForgotten() throws InterruptedException {
    for (long cut = 1; cut <= 10; cut++) {
      root.freeze(cut, List.of(file));
    }
    assertEquals(1, root.settle(3).size());
    assertTrue(
        ClusterHost.await(() -> root.frozenCuts() == 0, Duration.ofSeconds(20)),
        "frozen files are kept");
    assertThrows(FileException.class, () -> root.settle(1));
    assertEquals(0, fenced.get());
  }
}
