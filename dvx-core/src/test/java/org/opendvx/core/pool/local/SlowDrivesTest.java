package org.opendvx.core.pool.local;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A drive that is much slower than the others is suspected when that lasts, and only then. */
class SlowDrivesTest {
  private static final long SLOW_MILLIS = 60;
  private static final int PIECES = 16;

  private final AtomicLong now = new AtomicLong();
  private final SlowDrives slow =
      new SlowDrives(Duration.ofSeconds(10), Duration.ofSeconds(60), now::get);
  private final List<Drive> drives = new ArrayList<>();

  @BeforeEach
  void makeDrives() {
    for (int i = 0; i < 4; i++) {
      SimDisk disk = new SimDisk(Path.of("/sim/" + i), i);
      drives.add(
          new Drive(
              i,
              new UUID(1, i),
              disk.mount(),
              new DriveIo("d" + i, Duration.ofSeconds(20)),
              () -> {},
              "lock"));
    }
  }

  @AfterEach
  void close() {
    drives.forEach(Drive::close);
  }

  private void work(long slowMillis) throws IOException {
    for (int i = 0; i < PIECES; i++) {
      for (Drive drive : drives) {
        long millis = drive.index() == 2 ? slowMillis : 0;
        drive
            .io()
            .call(
                DriveIo.Lane.READ,
                _ -> {
                  sleep(millis);
                  return null;
                });
      }
    }
  }

  private static void sleep(long millis) throws IOException {
    try {
      Thread.sleep(millis);
    } catch (InterruptedException e) {
      throw new IOException(e);
    }
  }

  @Test
  void onlyWhatLastsIsSuspected() throws IOException {
    work(SLOW_MILLIS);
    slow.look(drives);
    assertFalse(slow.suspects(drives.get(2)), "at once");
    assertTrue(slow.meanMicros(drives.get(2)) >= SLOW_MILLIS * 900);
    now.addAndGet(TimeUnit.SECONDS.toNanos(59));
    work(SLOW_MILLIS);
    slow.look(drives);
    assertFalse(slow.suspects(drives.get(2)), "after 59 s");
    now.addAndGet(TimeUnit.SECONDS.toNanos(2));
    slow.look(drives);
    assertTrue(slow.suspects(drives.get(2)), "after 61 s");
    assertEquals(1, drives.stream().filter(slow::suspects).count());
    work(0);
    slow.look(drives);
    assertFalse(slow.suspects(drives.get(2)), "it is fast again");
  }
}
