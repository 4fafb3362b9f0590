package org.opendvx.coordinator.protocol;

import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;
import org.junit.jupiter.api.Test;
import org.opendvx.core.fuzz.FuzzRun;

/** A short look; long ones are the work of {@code bench/fuzz}. */
class AgentProtocolFuzzTest {
  @Test
  void nothingIsFound() {
    long seed = ThreadLocalRandom.current().nextLong();
    assertTimeoutPreemptively(
        Duration.ofSeconds(60),
        () -> assertTrue(new FuzzRun(new AgentProtocolFuzz()).run(2000, seed) > 0));
  }
}
