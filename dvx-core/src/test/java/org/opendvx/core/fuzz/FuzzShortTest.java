package org.opendvx.core.fuzz;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** A short look with every target; long ones are the work of {@code bench/fuzz}. */
class FuzzShortTest {
  private static final long MILLIS = 700;

  @TestFactory
  Stream<DynamicTest> nothingFoundIn() {
    long seed = ThreadLocalRandom.current().nextLong();
    return FuzzRun.targets("org.opendvx.core.").stream()
        .map(
            target ->
                DynamicTest.dynamicTest(
                    target.name() + ", seed " + seed,
                    () ->
                        assertTimeoutPreemptively(
                            Duration.ofSeconds(60),
                            () -> assertTrue(new FuzzRun(target).run(MILLIS, seed) > 0))));
  }

  @Test
  void aTargetThatBelievesALengthIsFound() {
    FuzzTarget believing =
        new FuzzTarget() {
          @Override
          public String name() {
            return "believing";
          }

          @Override
          public List<byte[]> seeds() {
            return List.of(new byte[] {0, 0, 0, 4, 1, 2, 3, 4});
          }

          @Override
          public void check(byte[] input) {
            if (input.length >= Integer.BYTES) {
              int length = ByteBuffer.wrap(input).getInt();
              byte[] believed = new byte[Math.clamp(length, 0, 64 << 20)];
              assertTrue(believed.length <= 64 << 20);
            }
          }
        };
    AssertionError found =
        assertThrows(AssertionError.class, () -> new FuzzRun(believing).run(20_000, 1));
    assertTrue(String.valueOf(found.getMessage()).contains("believing"));
  }
}
