package org.opendvx.core.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** Every answer that was withheld goes in the end. */
final class HoldsTest {
  private static final long LONG = TimeUnit.MINUTES.toNanos(5);

  private final Holds holds = new Holds();
  private final AtomicInteger answered = new AtomicInteger();

  @Test
  void withheldAnswersGoWhenTheHoldEnds() {
    holds.begin(1, List.of(7L), LONG);
    for (int i = 0; i < 3; i++) {
      holds.pass(7, answered::incrementAndGet);
    }
    holds.pass(8, answered::incrementAndGet);
    assertEquals(1, answered.get(), "another file's");
    assertTrue(holds.cover(7));
    holds.end(1);
    assertEquals(4, answered.get());
    holds.pass(7, answered::incrementAndGet);
    assertEquals(5, answered.get());
  }

  @Test
  void anAnswerWaitsForAllHoldsOnItsFile() {
    holds.begin(1, List.of(7L), LONG);
    holds.begin(2, List.of(7L, 8L), LONG);
    holds.pass(7, answered::incrementAndGet);
    holds.end(1);
    assertEquals(0, answered.get());
    holds.end(2);
    assertEquals(1, answered.get());
  }

  @Test
  void aHoldEndsByItself() throws Exception {
    CountDownLatch gone = new CountDownLatch(1);
    holds.begin(1, List.of(7L), TimeUnit.MILLISECONDS.toNanos(1));
    holds.pass(7, gone::countDown);
    assertTrue(gone.await(60, TimeUnit.SECONDS));
  }
}
