package org.opendvx.rhv.quiesce;

import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
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
 * The ways to thaw one guest: the engine first; the other way when the engine has not done it for
 * five seconds, or refuses because the machine is on its way to another host. An engine thaws no
 * guest that migrates: after six seconds the migration is cancelled. Used by one thread.
 */
final class ThawTry {
  private static final Logger LOG = LoggerFactory.getLogger(ThawTry.class);
  private static final Duration CALL_LIMIT = Duration.ofSeconds(4);
  private static final Duration OTHER_WAY_AFTER = Duration.ofSeconds(5);
  private static final Duration CANCEL_AFTER = Duration.ofSeconds(6);

  /** How long a cancelled migration may take to end before it is cancelled again. */
  private static final Duration CANCELLING = Duration.ofSeconds(5);

  private final Function<String, Optional<Rhv>> engines;
  private final FreezeAudit audit;
  private final OtherThaw other;
  private final ThawClock clock;
  private final VmRef vm;
  private final String host;
  private final long begin;
  private CompletableFuture<Boolean> elsewhere = CompletableFuture.completedFuture(false);
  private long cancelAt;
  private String trouble = "";

  /**
   * Nothing is tried yet.
   *
   * @param host name of the host that the guest was on when it was frozen, empty when unknown
   * @param begin when it may have been frozen, by {@link ThawClock#nanos}
   */
  ThawTry(
      Function<String, Optional<Rhv>> engines,
      FreezeAudit audit,
      OtherThaw other,
      ThawClock clock,
      VmRef vm,
      String host,
      long begin) {
    this.engines = engines;
    this.audit = audit;
    this.other = other;
    this.clock = clock;
    this.vm = vm;
    this.host = host;
    this.begin = begin;
    this.cancelAt = begin + CANCEL_AFTER.toNanos();
  }

  /**
   * How a guest was thawed.
   *
   * @param gone the machine is not there any more, nothing can freeze it
   */
  record Done(String how, boolean gone) {}

  /** Asks the engine, with a time limit; fails as the engine does. */
  static void byEngine(Function<String, Optional<Rhv>> engines, VmRef vm) {
    Rhv rhv = engines.apply(vm.hypervisor()).orElseThrow(() -> noEngine(vm));
    rhv.session()
        .change(
            "The guest cannot be thawed",
            CALL_LIMIT,
            system -> system.vmsService().vmService(vm.id()).thawFilesystems().send());
  }

  /** One try, for a few seconds at the most; empty when the guest is not known to be thawed. */
  Optional<Done> once() {
    if (elsewhere.isDone() && elsewhere.join()) {
      return Optional.of(new Done("on its host", false));
    }
    boolean moves = false;
    try {
      byEngine(engines, vm);
      return Optional.of(new Done("by the engine", false));
    } catch (DvxException e) {
      trouble = String.valueOf(e.getMessage());
      LOG.warn("thawing {}: {}", vm, EngineFaults.reason(e));
      if (e.kind() == Kind.NOT_FOUND) {
        return Optional.of(new Done("the machine is gone", true));
      }
      if (e.kind() == Kind.CONFLICT) {
        VmStatus status = status();
        if (VmReader.power(status) == PowerState.OFF) {
          return Optional.of(new Done("the machine is off", false));
        }
        moves = status == VmStatus.MIGRATING;
      }
    } catch (RuntimeException e) {
      trouble = String.valueOf(e.getMessage());
      LOG.error("thawing {} fell over and is tried again", vm, e);
    }
    long now = clock.nanos();
    if ((moves || now - begin > OTHER_WAY_AFTER.toNanos()) && elsewhere.isDone()) {
      elsewhere =
          CompletableFuture.supplyAsync(
              () -> other.thaw(vm, host),
              task -> Thread.ofVirtual().name("thaw-on-host-" + vm.id()).start(task));
    }
    if (moves && now - cancelAt >= 0) {
      cancelMigration();
    }
    return Optional.empty();
  }

  /** Why the last try did not thaw it. */
  String trouble() {
    return trouble;
  }

  private VmStatus status() {
    try {
      return engines
          .apply(vm.hypervisor())
          .orElseThrow(() -> noEngine(vm))
          .session()
          .once(
              "The machine cannot be looked at",
              CALL_LIMIT,
              system -> system.vmsService().vmService(vm.id()).get().send().vm().status());
    } catch (DvxException e) {
      LOG.warn("looking at {}: {}", vm, EngineFaults.reason(e));
      return VmStatus.UNKNOWN;
    }
  }

  private void cancelMigration() {
    try {
      engines
          .apply(vm.hypervisor())
          .orElseThrow(() -> noEngine(vm))
          .session()
          .change(
              "The migration cannot be cancelled",
              CALL_LIMIT,
              system -> system.vmsService().vmService(vm.id()).cancelMigration().send());
      cancelAt = clock.nanos() + CANCELLING.toNanos();
      LOG.warn("the migration of {} is cancelled, since its guest may be frozen", vm);
      audit.migrationCancelled(vm);
    } catch (DvxException e) {
      trouble += "; its migration cannot be cancelled: " + EngineFaults.reason(e);
      LOG.warn("cancelling the migration of {}: {}", vm, EngineFaults.reason(e));
    }
  }

  private static DvxException noEngine(VmRef vm) {
    return DvxException.of(Kind.UNAVAILABLE, "The guest cannot be thawed")
        .cause("There is no connection " + vm.hypervisor())
        .remedy("Add the connection again, or thaw the guest on its host")
        .build();
  }
}
