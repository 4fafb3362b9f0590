package org.opendvx.rhv.inventory;

import java.time.Duration;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.vm.PowerState;
import org.opendvx.core.vm.VmRef;
import org.opendvx.rhv.session.EngineSession;
import org.ovirt.engine.sdk4.types.VmStatus;

/** Switches machines on and off, and takes them off the inventory. */
public final class VmControl {
  private static final long LOOK_MILLIS = 250;

  private final EngineSession session;

  /** Over a session. */
  public VmControl(EngineSession session) {
    this.session = session;
  }

  /** Powers on; waits for disks that the engine still holds. */
  public void powerOn(VmRef vm, Duration limit) {
    reach(vm, PowerState.ON, limit, "be powered on");
  }

  /** Powers off hard. */
  public void powerOff(VmRef vm, Duration limit) {
    reach(vm, PowerState.OFF, limit, "be powered off");
  }

  /** Looks, asks for the change if it is still wanted, and looks again, until the limit. */
  private void reach(VmRef vm, PowerState wanted, Duration limit, String what) {
    long end = System.nanoTime() + limit.toNanos();
    String doing = "The machine " + vm.id() + " cannot " + what;
    DvxException last = null;
    boolean asked = false;
    while (true) {
      VmStatus status =
          session.read(doing, s -> s.vmsService().vmService(vm.id()).get().send().vm().status());
      boolean there = VmReader.power(status) == wanted && status != VmStatus.POWERING_DOWN;
      if (there) {
        return;
      }
      if (System.nanoTime() - end >= 0) {
        throw last != null
            ? last
            : DvxException.of(Kind.TIMEOUT, doing)
                .cause("It is " + status.value() + " after " + limit.toSeconds() + " s")
                .remedy("look at the engine's events")
                .build();
      }
      boolean refusedOrUnasked = last != null || !asked;
      if (refusedOrUnasked && status != VmStatus.IMAGE_LOCKED) {
        try {
          last = null;
          asked = true;
          session.change(doing, system -> ask(system.vmsService().vmService(vm.id()), wanted));
        } catch (DvxException e) {
          if (!e.kind().isTransient()) {
            throw e;
          }
          last = e;
        }
      }
      sleep(doing);
    }
  }

  private static String ask(org.ovirt.engine.sdk4.services.VmService service, PowerState wanted) {
    if (wanted == PowerState.ON) {
      service.start().send();
    } else {
      service.stop().send();
    }
    return "";
  }

  /** Fails with NOT_FOUND when the engine does not know the machine. */
  public void requireKnown(VmRef vm) {
    session.read(
        "The machine " + vm.id() + " cannot be looked at",
        system -> system.vmsService().vmService(vm.id()).get().send().vm().id());
  }

  /** Takes a machine off the inventory; its disks stay. */
  public void unregister(VmRef vm) {
    session.change(
        "The machine " + vm.id() + " cannot be taken off the inventory",
        system -> system.vmsService().vmService(vm.id()).remove().detachOnly(true).send());
  }

  static void sleep(String doing) {
    try {
      Thread.sleep(LOOK_MILLIS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw DvxException.of(Kind.UNAVAILABLE, doing).cause("interrupted").causedBy(e).build();
    }
  }
}
