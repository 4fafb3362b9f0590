package org.opendvx.rhv.quiesce;

import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.vm.PowerState;
import org.opendvx.core.vm.VmRef;
import org.opendvx.rhv.Rhv;
import org.opendvx.rhv.inventory.VmReader;
import org.opendvx.rhv.session.EngineFaults;
import org.ovirt.engine.sdk4.types.VmStatus;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Thaws until it is done: through restarts of the engine, lost sessions and our own restart. One
 * thread a guest, which tries a few times a second at first and every two seconds later; after five
 * seconds the other way is tried too. A guest that is off or gone holds nothing any more.
 */
final class ThawKeeper implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(ThawKeeper.class);
  private static final Duration CALL_LIMIT = Duration.ofSeconds(4);
  private static final Duration OTHER_WAY_AFTER = Duration.ofSeconds(5);
  private static final long FIRST_PAUSE_MILLIS = 200;
  private static final long LONGEST_PAUSE_MILLIS = 2_000;
  private static final int TRIES_BETWEEN_ALARMS = 30;

  private final Function<String, Optional<Rhv>> engines;
  private final FreezeJournal journal;
  private final FreezeAudit audit;
  private final OtherThaw other;
  private final Map<VmRef, Thread> running = new ConcurrentHashMap<>();
  private volatile boolean closed;

  ThawKeeper(
      Function<String, Optional<Rhv>> engines,
      FreezeJournal journal,
      FreezeAudit audit,
      OtherThaw other) {
    this.engines = engines;
    this.journal = journal;
    this.audit = audit;
    this.other = other;
  }

  /** Thaws what an earlier run left behind. */
  void takeUp() {
    for (FreezeJournal.Entry each : journal.entries()) {
      keep(each.vm(), each.host(), "the node was stopped while it was frozen");
    }
  }

  /** One try, with a time limit; true when the guest is thawed. */
  boolean once(VmRef vm) {
    Rhv rhv = engines.apply(vm.hypervisor()).orElseThrow(() -> noEngine(vm));
    rhv.session()
        .change(
            "The guest cannot be thawed",
            CALL_LIMIT,
            system -> system.vmsService().vmService(vm.id()).thawFilesystems().send());
    done(vm, "by the engine", 1);
    return true;
  }

  /** Tries in the background until it is done. */
  void keep(VmRef vm, String host, String why) {
    audit.stuck(vm, why);
    running.computeIfAbsent(
        vm, _ -> Thread.ofVirtual().name("thaw-" + vm.id()).start(() -> untilDone(vm, host)));
  }

  /** Whether somebody still tries. */
  boolean keeps(VmRef vm) {
    return running.containsKey(vm);
  }

  private void untilDone(VmRef vm, String host) {
    long start = System.nanoTime();
    long pause = FIRST_PAUSE_MILLIS;
    try {
      for (int attempt = 1; !closed; attempt++) {
        if (attempt(vm, host, attempt, System.nanoTime() - start)) {
          return;
        }
        try {
          Thread.sleep(pause);
        } catch (InterruptedException e) {
          Thread.currentThread().interrupt();
          return;
        }
        pause = Math.min(pause * 2, LONGEST_PAUSE_MILLIS);
      }
    } finally {
      running.remove(vm);
    }
  }

  private boolean attempt(VmRef vm, String host, int attempt, long nanos) {
    try {
      Rhv rhv = engines.apply(vm.hypervisor()).orElseThrow(() -> noEngine(vm));
      try {
        rhv.session()
            .change(
                "The guest cannot be thawed",
                CALL_LIMIT,
                system -> system.vmsService().vmService(vm.id()).thawFilesystems().send());
        done(vm, "by the engine", attempt);
        return true;
      } catch (DvxException e) {
        if (e.kind() == Kind.NOT_FOUND || (e.kind() == Kind.CONFLICT && off(rhv, vm))) {
          done(vm, "the machine is off or gone", attempt);
          return true;
        }
        LOG.warn("thawing {}: {}", vm, EngineFaults.reason(e));
        if (attempt % TRIES_BETWEEN_ALARMS == 0) {
          audit.stuck(vm, String.valueOf(e.getMessage()));
        }
      }
    } catch (DvxException e) {
      LOG.warn("thawing {}: {}", vm, e.getMessage());
    } catch (RuntimeException e) {
      LOG.error("thawing {} fell over and is tried again", vm, e);
    }
    if (nanos > OTHER_WAY_AFTER.toNanos() && other.thaw(vm, host)) {
      done(vm, "on its host", attempt);
      return true;
    }
    return false;
  }

  private static boolean off(Rhv rhv, VmRef vm) {
    VmStatus status =
        rhv.session()
            .once(
                "The machine cannot be looked at",
                CALL_LIMIT,
                system -> system.vmsService().vmService(vm.id()).get().send().vm().status());
    return VmReader.power(status) == PowerState.OFF;
  }

  private void done(VmRef vm, String how, int attempts) {
    journal.done(vm);
    audit.thawed(vm, how, attempts);
  }

  private static DvxException noEngine(VmRef vm) {
    return DvxException.of(Kind.UNAVAILABLE, "The guest cannot be thawed")
        .cause("There is no connection " + vm.hypervisor())
        .remedy("Add the connection again, or thaw the guest on its host")
        .build();
  }

  /** Stops trying; the journal keeps what is not done. */
  @Override
  public void close() {
    closed = true;
    running.values().forEach(Thread::interrupt);
  }
}
