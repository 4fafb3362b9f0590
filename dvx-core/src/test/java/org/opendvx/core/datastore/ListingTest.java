package org.opendvx.core.datastore;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;

/** Listing a directory while it changes. */
class ListingTest {
  private static final int STAYING = 10_000;

  @Test
  void entriesThatStayAppearExactlyOnceWhateverElseChanges() throws Exception {
    long seed = 77;
    try (TestStore store = TestStore.fresh()) {
      FileKey directory = store.directory(FileKey.ROOT, "d");
      for (int i = 0; i < STAYING; i++) {
        store.file(directory, "stay-" + i);
      }
      store.store.checkpoint();
      AtomicBoolean stop = new AtomicBoolean();
      List<Throwable> failures = new ArrayList<>();
      Thread changer =
          Thread.ofPlatform()
              .start(
                  () -> {
                    try {
                      change(store, directory, new Random(seed), stop);
                    } catch (RuntimeException | AssertionError e) {
                      failures.add(e);
                    }
                  });
      for (int page : new int[] {3000, 117, 4096}) {
        List<String> names = store.names(directory, page);
        Set<String> distinct = new HashSet<>(names);
        assertEquals(names.size(), distinct.size(), "no name twice");
        long staying = distinct.stream().filter(name -> name.startsWith("stay-")).count();
        assertEquals(STAYING, staying, "page of " + page);
      }
      stop.set(true);
      changer.join();
      assertTrue(failures.isEmpty(), () -> "seed " + seed + ": " + failures);
    }
  }

  private static void change(
      TestStore store, FileKey directory, Random random, AtomicBoolean stop) {
    List<String> mine = new ArrayList<>();
    for (int i = 0; !stop.get(); i++) {
      if (mine.size() < 50 || random.nextBoolean()) {
        String name = "come-" + i;
        store.file(directory, name);
        mine.add(name);
      } else {
        String name = mine.remove(random.nextInt(mine.size()));
        byte[] from = TestStore.name(name);
        if (random.nextBoolean()) {
          TestStore.get(store.store.remove(Caller.SYSTEM, directory, from));
        } else {
          byte[] to = TestStore.name("moved-" + i);
          TestStore.get(store.store.rename(Caller.SYSTEM, directory, from, directory, to));
        }
      }
    }
  }
}
