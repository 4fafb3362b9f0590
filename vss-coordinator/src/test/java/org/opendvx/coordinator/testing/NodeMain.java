package org.opendvx.coordinator.testing;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.vm.RestorePoint;
import org.opendvx.core.vm.SnapshotPolicy;
import org.opendvx.core.vm.StageLimits;
import org.opendvx.core.vm.VmRef;

/**
 * A whole node in a process of its own, so that a test can kill it: arguments are its folder, the
 * id of its one machine, and that machine's addresses. It says what is so in lines on its output,
 * and takes commands as lines from its input.
 */
public final class NodeMain {
  private static final StageLimits LIMITS =
      new StageLimits(
          Duration.ofSeconds(60),
          Duration.ofSeconds(60),
          Duration.ofSeconds(20),
          Duration.ofMinutes(10));

  private final Harness harness;
  private final VmRef vm;
  private volatile String halt = "";

  private NodeMain(Path folder, String id, List<String> macs) {
    Harness.Parts parts =
        Harness.Parts.usual()
            .with(LIMITS)
            .withBarrier(
                barrier ->
                    (requests, limit) ->
                        CompletableFuture.runAsync(() -> reached("BEFORE_CUT"))
                            .thenCompose(_ -> barrier.cut(requests, limit))
                            .thenApply(
                                cuts -> {
                                  reached("AFTER_CUT");
                                  return cuts;
                                }));
    harness = new Harness(folder, parts);
    vm = harness.machine(id, "", macs).ref();
  }

  /** Runs until its input ends, or until it is killed. */
  public static void main(String[] arguments) throws IOException {
    NodeMain node =
        new NodeMain(Path.of(arguments[0]), arguments[1], List.of(arguments[2].split(",")));
    node.run();
  }

  private void run() throws IOException {
    for (RestorePoint point : harness.points()) {
      say("point " + point.consistency() + " " + point.reason());
    }
    say("port " + harness.coordinator().port());
    Thread.ofPlatform().daemon().start(this::watch);
    try (BufferedReader commands =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
      for (String line = commands.readLine(); line != null; line = commands.readLine()) {
        if (line.equals("token")) {
          say("token " + harness.token(vm));
        } else if (line.startsWith("snapshot ")) {
          halt = line.substring("snapshot ".length());
          Thread.ofPlatform().daemon().start(this::snapshot);
        } else {
          throw new IllegalArgumentException(line);
        }
      }
    }
    harness.close();
  }

  private void snapshot() {
    try {
      RestorePoint point = harness.snapshot(vm, SnapshotPolicy.TRY).point();
      say("taken " + point.consistency() + " " + point.reason());
    } catch (DvxException e) {
      say("refused " + e.getMessage());
    }
  }

  /** A stage at which it may have to stand still until it is killed. */
  private void reached(String stage) {
    if (stage.equals(halt)) {
      say("at " + stage);
      try {
        new CountDownLatch(1).await();
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
    }
  }

  /** Tells what the guest and the test must know, as soon as it changes. */
  private void watch() {
    String told = "";
    while (true) {
      String now =
          String.format(
              Locale.ROOT,
              "state %s %s %s",
              harness.connected(vm),
              harness.ready(vm),
              harness.nonce(vm));
      if (!now.equals(told)) {
        say(now);
        told = now;
      }
      try {
        Thread.sleep(5);
      } catch (InterruptedException e) {
        return;
      }
    }
  }

  private static void say(String line) {
    synchronized (System.out) {
      System.out.println("NODE " + line);
      System.out.flush();
    }
  }
}
