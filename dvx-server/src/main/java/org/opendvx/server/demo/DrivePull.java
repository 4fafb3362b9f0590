package org.opendvx.server.demo;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.server.api.DriveView;
import org.opendvx.server.api.DrivesView;
import org.opendvx.server.demo.load.SequenceLoad;
import org.opendvx.server.demo.load.WriteTimes;

/** Step 7: two drives are pulled out while the node writes to them. */
final class DrivePull {
  private static final List<Integer> PULLED = List.of(1, 4);
  private static final Duration NOTICE = Duration.ofSeconds(30);
  private static final Duration STEP = Duration.ofMillis(100);
  private static final long WRITES_AFTER = 200;
  private static final double MILLI = 1e6;

  private final Workshop shop;
  private final Node node;

  DrivePull(Workshop shop, Node node) {
    this.shop = shop;
    this.node = node;
  }

  /**
   * What the loss did.
   *
   * @param lost drives that the node says it has lost
   * @param longestNanos the longest write from the first drive's end on
   */
  record Loss(int lost, long longestNanos) {}

  Loss run(SequenceLoad load) throws IOException, InterruptedException {
    load.check();
    long began = System.nanoTime();
    for (int index : PULLED) {
      Path drive = node.drives().get(index);
      Files.move(drive, drive.resolveSibling(drive.getFileName() + "-pulled"));
    }
    shop.narrator()
        .say(
            "The folders of drives %s were renamed away.",
            String.join(" and ", PULLED.stream().map(i -> Integer.toString(i + 1)).toList()));
    DrivesView drives = awaitNotice();
    long then = load.writes();
    while (load.writes() < then + WRITES_AFTER) {
      load.check();
      requireTime(began);
      Thread.sleep(STEP);
    }
    int lost = lost(drives);
    long longest =
        load.longest(List.of(new WriteTimes.Window(began, System.nanoTime())), System.nanoTime())
            .inside();
    shop.narrator().say("The node says: %s", drives.summary());
    shop.narrator()
        .say(
            "Writes go on; the longest one since took %.0f ms. What follows is read from the %d"
                + " drives that are left.",
            longest / MILLI, drives.drives().size() - lost);
    return new Loss(lost, longest);
  }

  private DrivesView awaitNotice() throws InterruptedException {
    long began = System.nanoTime();
    while (true) {
      DrivesView drives = node.api().get("drives", DrivesView.class);
      if (lost(drives) == PULLED.size()) {
        return drives;
      }
      requireTime(began);
      Thread.sleep(STEP);
    }
  }

  private static int lost(DrivesView drives) {
    return (int) drives.drives().stream().filter(DrivePull::isLost).count();
  }

  private static boolean isLost(DriveView drive) {
    return !drive.state().equals("ACTIVE");
  }

  private void requireTime(long began) {
    if (System.nanoTime() - began > NOTICE.toNanos()) {
      Map<String, String> states = new java.util.TreeMap<>();
      node.api()
          .get("drives", DrivesView.class)
          .drives()
          .forEach(drive -> states.put(drive.path(), drive.state()));
      throw DvxException.of(
              Kind.INTERNAL, "The node did not take the loss of two drives as it must")
          .cause("It has not noticed it, or does not write, after " + NOTICE.toSeconds() + " s")
          .detail("drives", states)
          .build();
    }
  }
}
