package org.opendvx.server.process;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class CleanupTest {
  private final List<String> complaints = new ArrayList<>();
  private final List<String> done = new ArrayList<>();
  private final Cleanup cleanup = new Cleanup(complaints::add);

  @Test
  void theLastThingIsUndoneFirstAndAFailureStopsNothing() {
    cleanup.add("undo a", () -> done.add("a"));
    cleanup.add(
        "undo b",
        () -> {
          throw new IOException("no");
        });
    cleanup.add("undo c", () -> done.add("c"));
    cleanup.close();
    cleanup.close();
    assertEquals(List.of("c", "a"), done);
    assertEquals(List.of("could not undo b: no"), complaints);
  }

  @Test
  void whatComesTooLateIsUndoneAtOnce() {
    cleanup.close();
    cleanup.add("undo a", () -> done.add("a"));
    assertEquals(List.of("a"), done);
  }

  @Test
  void whatIsForgottenStays() {
    cleanup.add("undo a", () -> done.add("a"));
    cleanup.forget();
    cleanup.close();
    assertEquals(List.of(), done);
  }
}
