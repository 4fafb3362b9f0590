package org.opendvx.rhv.quiesce;

import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.vm.Consistency;
import org.opendvx.core.vm.Quiescer;
import org.opendvx.core.vm.VmDescription;
import org.opendvx.core.vm.VmRef;
import org.opendvx.rhv.Rhv;
import org.opendvx.rhv.inventory.VmReader;
import org.ovirt.engine.sdk4.types.VmStatus;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Freezes guests through the engine and the guest's qemu agent, for guests without an agent of
 * ours.
 *
 * <p>The weak side: a Linux guest does not thaw by itself, whatever dies. Hence it is opt-in for
 * each machine; the intent is durable before the engine is asked; a freeze whose answer is lost is
 * thawed as one that happened, and again later, since it may be carried out after the thaw; a thaw
 * is tried until it is known to have happened, also after a restart of ours; a machine that
 * migrates is not frozen, since an engine would not thaw it; and a clock here thaws after {@link
 * #HOLD_LIMIT} whatever the caller does. An invariant of the product, that no guest is held for ten
 * seconds whatever dies, does not hold here when the engine and every other way are lost within
 * that second: a documented exception.
 *
 * <p>The label is FILE_SYSTEM at the most: file systems agreed, applications were not asked by us.
 */
public final class EngineQuiescer implements Quiescer, AutoCloseable {
  /** From our request to freeze to our thaw, at the most. */
  static final Duration HOLD_LIMIT = Duration.ofSeconds(6);

  /** A service has half a minute to stop, and the store needs most of it. */
  private static final Duration STOP_LIMIT = Duration.ofSeconds(8);

  private static final Duration LOOK_LIMIT = Duration.ofSeconds(3);

  /** VSS lets go by itself after ten seconds: a Windows guest held longer was not held. */
  private static final Duration VSS_LIMIT = Duration.ofSeconds(9);

  private static final Logger LOG = LoggerFactory.getLogger(EngineQuiescer.class);

  /**
   * The guest may be frozen from the first moment of it: together with a thaw below ten seconds.
   */
  private static final Duration FREEZE_LIMIT = Duration.ofSeconds(5);

  /** The engine's own no after it asked the guest: it is over, though part may be frozen. */
  private static final Set<Kind> ANSWERED = EnumSet.of(Kind.INVALID, Kind.EXISTS);

  /** So the engine refuses before it asks the guest anything. */
  private static final Set<Kind> NEVER_TRIED =
      EnumSet.of(Kind.DENIED, Kind.UNAUTHENTICATED, Kind.NOT_FOUND, Kind.CONFLICT);

  private static final String MIGRATES =
      "it is on its way to another host, and an engine thaws no guest that is";

  private static final String EARLIER =
      "an earlier freeze of it is not known to be thawed, or may still be carried out";

  private static final String NOT_MORE =
      "file systems were frozen by the engine; applications were not asked by DVX";

  private final Function<String, Optional<Rhv>> engines;
  private final FreezeConsent consent;
  private final FreezeJournal journal;
  private final FreezeAudit audit;
  private final Set<String> never;
  private final ThawKeeper keeper;
  private final ThawClock clock;
  private final Set<Frozen> held = ConcurrentHashMap.newKeySet();
  private volatile boolean closed;

  /**
   * A quiescer. What an earlier run left frozen is thawed at once, in the background.
   *
   * @param engines connections by name; a name may be one of another kind of hypervisor
   * @param never ids of machines that are never frozen: DVX nodes, the machine that we run in
   */
  public EngineQuiescer(
      Function<String, Optional<Rhv>> engines,
      FreezeConsent consent,
      FreezeJournal journal,
      FreezeAudit audit,
      OtherThaw other,
      Set<String> never) {
    this(engines, consent, journal, audit, other, never, ThawClock.SYSTEM, ThawKeeper.AGAIN);
  }

  /**
   * With clocks of its own.
   *
   * @param again when a guest is thawed again whose freeze was not answered
   */
  EngineQuiescer(
      Function<String, Optional<Rhv>> engines,
      FreezeConsent consent,
      FreezeJournal journal,
      FreezeAudit audit,
      OtherThaw other,
      Set<String> never,
      ThawClock clock,
      List<Duration> again) {
    this.engines = engines;
    this.consent = consent;
    this.journal = journal;
    this.audit = audit;
    this.never = Set.copyOf(never);
    this.clock = clock;
    this.keeper = new ThawKeeper(engines, journal, audit, other, clock, again);
    keeper.takeUp();
  }

  @Override
  public String name() {
    return "ovirt-freeze";
  }

  @Override
  public boolean covers(VmDescription vm) {
    return engines.apply(vm.ref().hypervisor()).isPresent() && consent.given(vm.ref());
  }

  @Override
  public Optional<String> notReady(VmDescription vm) {
    if (vm.hardware().getOrDefault(VmReader.STATUS, "").equals(VmStatus.MIGRATING.value())) {
      return Optional.of(MIGRATES);
    }
    return journal.outstanding(vm.ref()) ? Optional.of(EARLIER) : Optional.empty();
  }

  @Override
  public Held freeze(VmDescription vm, List<VmDescription.VmDisk> disks, Duration limit) {
    requireAllowed(vm);
    Rhv rhv =
        engines
            .apply(vm.ref().hypervisor())
            .orElseThrow(() -> refused(vm, "its engine is not connected", "Connect it"));
    requireStays(rhv, vm);
    if (!journal.intend(vm.ref(), vm.host())) {
      throw refused(
          vm,
          EARLIER,
          "Wait for another snapshot of it; or see the alarm, and thaw it on its host if need be");
    }
    long begin = clock.nanos();
    try {
      rhv.session()
          .change(
              "The guest " + vm.name() + " cannot be frozen",
              limit.compareTo(FREEZE_LIMIT) < 0 ? limit : FREEZE_LIMIT,
              system -> system.vmsService().vmService(vm.ref().id()).freezeFilesystems().send());
    } catch (DvxException e) {
      if (NEVER_TRIED.contains(e.kind())) {
        journal.done(vm.ref());
      } else {
        // It failed on the way, or the answer was lost: part of it may be frozen all the same.
        ThawKeeper.Answer answer =
            ANSWERED.contains(e.kind()) ? ThawKeeper.Answer.SEEN : ThawKeeper.Answer.UNSEEN;
        letGo(vm, "the freeze failed: " + e.getMessage(), answer, begin);
      }
      throw e;
    }
    audit.frozen(vm.ref(), vm.name());
    Frozen frozen = new Frozen(vm, begin);
    held.add(frozen);
    if (closed) {
      frozen.close();
    }
    return frozen;
  }

  /** An engine that does not tell this freezes nothing; and what was read before may be old. */
  private static void requireStays(Rhv rhv, VmDescription vm) {
    VmStatus status =
        rhv.session()
            .once(
                "The guest " + vm.name() + " is not frozen",
                LOOK_LIMIT,
                system -> system.vmsService().vmService(vm.ref().id()).get().send().vm().status());
    if (status == VmStatus.MIGRATING) {
      throw refused(vm, MIGRATES, "Take another snapshot when it has arrived");
    }
  }

  private void letGo(VmDescription vm, String why, ThawKeeper.Answer answer, long begin) {
    try {
      keeper.once(vm.ref(), vm.host(), answer);
    } catch (DvxException e) {
      LOG.info("{} is thawed in the background: {}", vm.ref(), e.getMessage());
      keeper.keep(vm.ref(), vm.host(), why, answer, begin);
    }
  }

  private void requireAllowed(VmDescription vm) {
    if (closed) {
      throw refused(vm, "the node stops", "Take another snapshot when it has started");
    }
    String origin = vm.hardware().getOrDefault(VmReader.ORIGIN, "");
    if (origin.contains("hosted_engine") || vm.name().equals("HostedEngine")) {
      throw refused(
          vm,
          "it is the engine itself: frozen, it could not be told to thaw",
          "Use the policy OFF for it");
    }
    if (never.contains(vm.ref().id()) || never.contains(vm.name())) {
      throw refused(
          vm,
          "it is a DVX node or the machine that this program runs in",
          "Use the policy OFF for it");
    }
    if (!consent.given(vm.ref())) {
      throw refused(
          vm, "nobody agreed to freezes by the engine", "dvx rhv freeze-allow, or use the agent");
    }
  }

  private static DvxException refused(VmDescription vm, String why, String remedy) {
    return DvxException.of(Kind.CONFLICT, "The guest " + vm.name() + " is not frozen")
        .cause(why)
        .remedy(remedy)
        .detail("vm", vm.ref())
        .build();
  }

  /** A guest that the engine froze. */
  private final class Frozen implements Held {
    private final VmDescription vm;
    private final long begin;
    private final long frozen = clock.nanos();
    private final AtomicBoolean released = new AtomicBoolean();

    Frozen(VmDescription vm, long begin) {
      this.vm = vm;
      this.begin = begin;
      CompletableFuture.delayedExecutor(
              begin + HOLD_LIMIT.toNanos() - clock.nanos(),
              TimeUnit.NANOSECONDS,
              task -> Thread.ofVirtual().start(task))
          .execute(this::expire);
    }

    private void expire() {
      if (released.compareAndSet(false, true)) {
        LOG.warn("{} was held for {} s and is let go", vm.ref(), HOLD_LIMIT.toSeconds());
        release("nobody thawed it in time");
      }
    }

    private void release(String why) {
      letGo(vm, why, ThawKeeper.Answer.SEEN, begin);
      held.remove(this);
    }

    @Override
    public Outcome thaw() {
      if (!released.compareAndSet(false, true)) {
        return outcome(Consistency.CRASH, "the guest was let go before the cut was confirmed");
      }
      // All others, unnamed ones too, may have VSS.
      boolean vss = !VmReader.linux(vm.hardware().getOrDefault(VmReader.OS, ""));
      String trouble = "";
      try {
        keeper.once(vm.ref(), vm.host(), ThawKeeper.Answer.SEEN);
      } catch (DvxException e) {
        trouble = String.valueOf(e.getMessage());
        keeper.keep(vm.ref(), vm.host(), trouble, ThawKeeper.Answer.SEEN, begin);
      }
      held.remove(this);
      long heldFor = clock.nanos() - begin;
      if (vss && !trouble.isEmpty()) {
        return outcome(
            Consistency.CRASH, "the thaw failed, so VSS may have let go early: " + trouble);
      }
      if (vss && heldFor > VSS_LIMIT.toNanos()) {
        return outcome(Consistency.CRASH, "it was held longer than VSS holds writes");
      }
      return outcome(
          Consistency.FILE_SYSTEM,
          trouble.isEmpty() ? NOT_MORE : NOT_MORE + "; the thaw is outstanding: " + trouble);
    }

    private Outcome outcome(Consistency consistency, String reason) {
      long now = clock.nanos();
      return new Outcome(
          consistency,
          reason,
          TimeUnit.NANOSECONDS.toMillis(now - begin),
          TimeUnit.NANOSECONDS.toMillis(now - frozen),
          Optional.empty());
    }

    @Override
    public void close() {
      if (released.compareAndSet(false, true)) {
        release("the snapshot failed");
      }
    }
  }

  /** Whether a thaw of the machine is outstanding. */
  public boolean outstanding(VmRef vm) {
    return journal.outstanding(vm) || keeper.keeps(vm);
  }

  /**
   * Lets all go that are held, for some seconds at the most, and freezes nothing any more. What
   * could not be thawed stays in the journal and is thawed by the next start.
   */
  @Override
  public void close() {
    closed = true;
    long end = System.nanoTime() + STOP_LIMIT.toNanos();
    List<Thread> last = new ArrayList<>();
    for (Frozen each : held) {
      last.add(Thread.ofVirtual().name("last-thaw").start(each::close));
    }
    try {
      for (Thread each : last) {
        // One call of the engine is shorter; the keeper goes on with it.
        Object _ = each.join(FREEZE_LIMIT);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    keeper.close(end);
  }
}
