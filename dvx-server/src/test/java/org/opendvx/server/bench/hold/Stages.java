package org.opendvx.server.bench.hold;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.datastore.Snapshots;
import org.opendvx.core.vm.CutBarrier;
import org.opendvx.core.vm.Quiescer;
import org.opendvx.core.vm.VmDescription;

/** Something that is done once, in one stage of the next snapshot. */
final class Stages {
  /** The moments at which something can be done. */
  enum Stage {
    /** While the pre-freeze script runs. */
    PREPARE,
    /** The agent has prepared, its watchdog runs. */
    PREPARED,
    /** In the moments in which file systems are frozen. */
    FREEZE,
    /** Everything is held, and there is no cut. */
    HOLD,
    /** There is a cut, and the agent does not know. */
    THAW,
    /** While the post-thaw script runs. */
    REPORT
  }

  /** Does it. */
  @FunctionalInterface
  interface Action {
    void run() throws Exception;
  }

  private record Planned(Stage stage, Action action) {}

  private final AtomicReference<@Nullable Planned> planned = new AtomicReference<>();
  private final AtomicReference<@Nullable Exception> failure = new AtomicReference<>();

  void plan(Stage stage, Action action) {
    planned.set(new Planned(stage, action));
  }

  /** Fails if the action failed or was never done. */
  void check(String fault) {
    if (planned.getAndSet(null) != null) {
      throw new AssertionError(fault + ": its stage never came");
    }
    Exception failed = failure.getAndSet(null);
    if (failed != null) {
      throw new AssertionError(fault, failed);
    }
  }

  /** A stage has come. */
  void reached(Stage stage) {
    Planned now = planned.get();
    if (now == null || now.stage() != stage || !planned.compareAndSet(now, null)) {
      return;
    }
    try {
      now.action().run();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (Exception e) {
      failure.set(e);
    }
  }

  CutBarrier around(CutBarrier barrier) {
    return (List<Snapshots.CutRequest> requests, Duration limit) -> {
      reached(Stage.HOLD);
      CompletableFuture<List<Snapshots.Cut>> cut = barrier.cut(requests, limit);
      return cut.thenApplyAsync(
          taken -> {
            reached(Stage.THAW);
            return taken;
          });
    };
  }

  Quiescer around(Quiescer quiescer) {
    return new Quiescer() {
      @Override
      public String name() {
        return quiescer.name();
      }

      @Override
      public boolean covers(VmDescription vm) {
        return quiescer.covers(vm);
      }

      @Override
      public Optional<String> notReady(VmDescription vm) {
        return quiescer.notReady(vm);
      }

      @Override
      public Held freeze(VmDescription vm, List<VmDescription.VmDisk> disks, Duration limit) {
        return quiescer.freeze(vm, disks, limit);
      }

      @Override
      public Prepared prepare(VmDescription vm, List<VmDescription.VmDisk> disks, Duration limit) {
        Prepared prepared = quiescer.prepare(vm, disks, limit);
        return new Prepared() {
          @Override
          public Held freeze(Duration freezeLimit) {
            reached(Stage.PREPARED);
            Thread _ = Thread.ofVirtual().start(() -> reached(Stage.FREEZE));
            return prepared.freeze(freezeLimit);
          }

          @Override
          public void close() {
            prepared.close();
          }
        };
      }
    };
  }
}
