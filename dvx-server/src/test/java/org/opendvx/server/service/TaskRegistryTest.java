package org.opendvx.server.service;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Clock;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.server.api.Page;
import org.opendvx.server.api.TaskView;

class TaskRegistryTest {
  private static final Duration LONG = Duration.ofSeconds(30);

  @Test
  void tooManyAtATimeAreRefusedAndTheRoomComesBack() {
    try (TaskRegistry tasks = new TaskRegistry(Clock.systemUTC())) {
      CountDownLatch gate = new CountDownLatch(1);
      String last = "";
      for (int i = 0; i < TaskRegistry.MAX_RUNNING; i++) {
        last = tasks.submit("t", "t", "o", _ -> waitFor(gate)).id();
      }
      DvxException refused =
          assertThrows(DvxException.class, () -> tasks.submit("t", "t", "o", _ -> ""));
      assertEquals(Kind.UNAVAILABLE, refused.kind());
      gate.countDown();
      assertEquals("DONE", tasks.get(last, LONG).state());
      String next = submitWhenThereIsRoom(tasks);
      assertEquals("DONE", tasks.get(next, LONG).state());
    }
  }

  @Test
  void onlySoManyFinishedOnesAreKeptAndTheyComeInPages() {
    try (TaskRegistry tasks = new TaskRegistry(Clock.systemUTC())) {
      for (int i = 0; i < TaskRegistry.KEPT + 50; i++) {
        tasks.get(submitWhenThereIsRoom(tasks), LONG);
      }
      int seen = 0;
      long cursor = 0;
      long before = Long.MAX_VALUE;
      Page<TaskView> page;
      do {
        page = tasks.list(cursor, 100);
        for (TaskView task : page.items()) {
          assertTrue(Long.parseLong(task.id()) < before);
          before = Long.parseLong(task.id());
          seen++;
        }
        cursor = page.next() == null ? 0 : Long.parseLong(page.next());
      } while (cursor != 0);
      assertTrue(seen >= TaskRegistry.KEPT && seen <= TaskRegistry.KEPT + 1, "seen " + seen);
      assertThrows(DvxException.class, () -> tasks.get("1", Duration.ZERO));
    }
  }

  @Test
  void aFaultOfTheProgramIsAProblemWithoutInnards() {
    try (TaskRegistry tasks = new TaskRegistry(Clock.systemUTC())) {
      String id =
          tasks
              .submit(
                  "t",
                  "t",
                  "o",
                  _ -> {
                    throw new IllegalStateException("secret innards");
                  })
              .id();
      TaskView task = tasks.get(id, LONG);
      assertEquals("FAILED", task.state());
      assertEquals("INTERNAL", Objects.requireNonNull(task.problem()).kind());
      assertFalse(task.problem().toString().contains("secret innards"), task.problem().toString());
    }
  }

  @Test
  void closingInterruptsWhatDoesNotEnd() {
    TaskRegistry tasks = new TaskRegistry(Clock.systemUTC());
    String id = tasks.submit("t", "t", "o", _ -> waitFor(new CountDownLatch(1))).id();
    long begin = System.nanoTime();
    tasks.close();
    assertTrue(System.nanoTime() - begin < 30_000_000_000L);
    assertEquals("FAILED", tasks.get(id, LONG).state());
  }

  private static String submitWhenThereIsRoom(TaskRegistry tasks) {
    while (true) {
      try {
        return tasks.submit("t", "t", "o", _ -> "x").id();
      } catch (DvxException e) {
        assertEquals(Kind.UNAVAILABLE, e.kind());
        Thread.onSpinWait();
      }
    }
  }

  private static Object waitFor(CountDownLatch gate) {
    try {
      gate.await();
      return "x";
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }
}
