package org.opendvx.core.datastore;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.opendvx.core.testing.InMemoryPool;
import org.opendvx.core.testing.PoolFaults;
import org.opendvx.core.testing.PoolFaults.Operation;
import org.opendvx.core.testing.PoolFaults.Verdict;

/** A datastore is opened while an earlier life of the same host is not quite over. */
@Timeout(60)
class OpeningTest {
  private static final byte[] LAST = "the last words".getBytes(StandardCharsets.UTF_8);

  @Test
  void whatAnEarlierLifeDidUpToTheFenceIsThere() {
    InMemoryPool pool = new InMemoryPool();
    TestStore before = TestStore.format(pool);
    FileKey file = before.file(FileKey.ROOT, "file");
    boolean[] met = new boolean[1];
    pool.faults(
        (operation, _, name) -> {
          if (operation == Operation.RECORD_PUT && name.endsWith("/incarnation") && !met[0]) {
            met[0] = true;
            // The root record moves on, and the journal is trimmed behind it.
            before.write(file, 0, LAST);
            before.store.checkpoint();
            before.store.halt();
          }
          return Verdict.PROCEED;
        });
    TestStore after = TestStore.open(pool);
    try {
      assertTrue(met[0]);
      assertArrayEquals(LAST, after.readAll(file));
      // And it can go on: its next checkpoint takes the place of that one.
      after.write(file, LAST.length, LAST);
      after.store.checkpoint();
    } finally {
      pool.faults(PoolFaults.NONE);
      after.close();
    }
  }
}
