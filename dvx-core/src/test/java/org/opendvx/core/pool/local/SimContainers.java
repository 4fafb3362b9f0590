package org.opendvx.core.pool.local;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.time.Duration;
import java.util.HashMap;
import java.util.Map;

/**
 * Containers of known content in a {@link SimPool} whose care does nothing unless it is told to.
 */
final class SimContainers {
  private static final long FAST = 1L << 32;

  private SimContainers() {}

  /** A new pool; no rebuild begins for an hour, no scrub ever. */
  static SimPool pool(int drives) {
    SimPool sim = SimPool.unformatted(drives);
    sim.configure(
        config ->
            config.withCare(
                DriveCareSettings.DEFAULT
                    .withRebuild(Duration.ofHours(1), FAST)
                    .withScrub(Duration.ZERO, FAST)));
    LocalPool.create(sim.config());
    sim.open();
    return sim;
  }

  /**
   * Puts containers.
   *
   * @param least bytes of one; each is a little larger than the one before
   * @return their contents by id
   */
  static Map<Long, byte[]> fill(SimPool sim, int from, int to, int least) {
    Map<Long, byte[]> contents = new HashMap<>();
    for (long id = from; id < to; id++) {
      byte[] content = SimPool.bytes(id, least + (int) id * 37);
      sim.pool().containers().put(SimPool.EPOCH, id, content, content.length);
      contents.put(id, content);
    }
    return contents;
  }

  /** The pool has these, whole, and no others. */
  static void check(SimPool sim, Map<Long, byte[]> contents) {
    contents.forEach(
        (id, content) ->
            assertArrayEquals(content, LocalPoolTest.read(sim.pool(), id, 0, content.length)));
    assertEquals(contents.size(), sim.pool().containers().count());
  }
}
