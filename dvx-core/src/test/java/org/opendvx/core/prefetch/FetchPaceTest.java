package org.opendvx.core.prefetch;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** Fetching ahead gives way when answers become slow. */
final class FetchPaceTest {
  private static final long MOST = 512 << 20;
  private static final long QUICK = TimeUnit.MILLISECONDS.toNanos(10);
  private static final long SLOW = TimeUnit.MILLISECONDS.toNanos(500);

  @Test
  void itSlowsDownWhenAnswersBecomeSlowAndComesBack() {
    FetchPace pace = new FetchPace(MOST);
    for (int i = 0; i < 20; i++) {
      pace.fetched(0, 128, QUICK);
    }
    assertEquals(MOST, pace.rate(), 1);
    for (int i = 0; i < 30; i++) {
      pace.fetched(0, 128, SLOW);
    }
    assertTrue(pace.rate() < MOST / 8.0, "slower: " + pace.rate());
    assertTrue(pace.rate() >= MOST / 32.0, "but not nothing: " + pace.rate());
    for (int i = 0; i < 40; i++) {
      pace.fetched(0, 128, QUICK);
    }
    assertEquals(MOST, pace.rate(), 1);
  }

  @Test
  void atTheMostTheRateIsFetched() {
    FetchPace pace = new FetchPace(1 << 20);
    assertEquals(0, pace.waitNanos());
    pace.fetched(16 << 20, 1, QUICK);
    assertTrue(pace.waitNanos() > TimeUnit.MILLISECONDS.toNanos(100));
  }
}
