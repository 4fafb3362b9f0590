package org.opendvx.server.process;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.opendvx.core.error.DvxException;

class ProgramTest {
  private static final Duration LIMIT = Duration.ofSeconds(20);

  @TempDir private Path folder;

  @Test
  void whatAProgramPrintsAndItsExitCodeAreTold() throws Exception {
    Program.Outcome outcome =
        new Program(folder).run(LIMIT, List.of("sh", "-c", "echo out; echo err >&2; exit 3"));
    assertEquals(new Program.Outcome(3, "out\n", "err\n"), outcome);
    assertFalse(outcome.isGood());
  }

  @Test
  void aProgramThatTakesTooLongIsKilled() {
    long began = System.nanoTime();
    assertThrows(
        Program.TooLongException.class,
        () -> new Program(folder).run(Duration.ofMillis(200), List.of("sleep", "30")));
    assertTrue(System.nanoTime() - began < 15_000_000_000L);
  }

  @Test
  void aDemandedProgramThatFailsTellsWhatItSaid() {
    DvxException told =
        assertThrows(
            DvxException.class,
            () ->
                new Program(folder)
                    .demand("It is broken", LIMIT, List.of("sh", "-c", "echo why >&2; exit 1")));
    assertTrue(told.render().contains("why"), told::render);
  }

  @Test
  void aChildThatEndsBeforeItIsReadyIsToldWithItsLog() throws Exception {
    Path log = folder.resolve("log");
    try (Child child =
        Child.start(
            "the thing",
            List.of("sh", "-c", "echo it hurts $HOW; exit 4"),
            Map.of("HOW", "much"),
            folder,
            log)) {
      DvxException told =
          assertThrows(DvxException.class, () -> child.awaitFile(folder.resolve("ready"), LIMIT));
      assertTrue(told.render().contains("ended with 4"), told::render);
      assertTrue(told.render().contains("it hurts much"), told::render);
    }
    assertTrue(Files.exists(log));
  }

  @Test
  void aChildIsStoppedWhenItIsClosed() throws Exception {
    Child child =
        Child.start(
            "the thing",
            List.of("sh", "-c", "echo yes > ready; exec sleep 60"),
            Map.of(),
            folder,
            folder.resolve("log"));
    try (child) {
      assertEquals("yes\n", child.awaitFile(folder.resolve("ready"), LIMIT));
      assertTrue(child.isAlive());
    }
    assertFalse(child.isAlive());
  }
}
