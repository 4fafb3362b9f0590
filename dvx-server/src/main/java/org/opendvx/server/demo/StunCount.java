package org.opendvx.server.demo;

import java.io.IOException;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.server.demo.EngineStart.Engine;
import org.opendvx.server.demo.VCenterStart.VCenter;
import org.opendvx.server.demo.engine.EngineSimulator;
import org.opendvx.server.demo.vm.StunControl;

/**
 * The last step: how often vCenter and the engine were told to make a snapshot of its own, and that
 * it is counted.
 */
final class StunCount {
  private final Workshop shop;
  private final VCenter vcenter;
  private final Engine engine;
  private final String machine;

  /**
   * A counter.
   *
   * @param machine of the engine, that nobody needs any more
   */
  StunCount(Workshop shop, VCenter vcenter, Engine engine, String machine) {
    this.shop = shop;
    this.vcenter = vcenter;
    this.engine = engine;
    this.machine = machine;
  }

  /**
   * What was counted.
   *
   * @param stuns that vCenter was asked for by all that was done before
   * @param control by one call that was made on purpose, afterwards
   * @param engine snapshots that the engine was asked for by all that was done before
   * @param engineControl by one call that was made on purpose, afterwards
   */
  record Counted(long stuns, long control, long engine, long engineControl) {}

  Counted run() throws IOException, InterruptedException {
    long stuns = vcenter.simulator().stuns();
    StunControl.stunOnce(vcenter.simulator(), vcenter.administrator().throwAwayMachine());
    long control = vcenter.simulator().stuns() - stuns;
    if (control != 1) {
      throw DvxException.of(Kind.INTERNAL, "The counter of hypervisor snapshots does not count")
          .cause("One call was made on purpose and " + control + " were counted")
          .build();
    }
    shop.narrator()
        .say(
            "vCenter was asked for %d hypervisor snapshots in all of this. One made on purpose, of"
                + " a machine that nobody needs, was counted as %d.",
            stuns, control);
    EngineSimulator.Asked asked = engine.simulator().asked();
    if (asked.wrong().size() > asked.snapshots()) {
      throw DvxException.of(Kind.INTERNAL, "The engine got calls that no real one would take")
          .cause(String.join("; ", asked.wrong()))
          .build();
    }
    engine.administrator().snapshotIsRefused(machine);
    long engineControl = engine.simulator().asked().snapshots() - asked.snapshots();
    if (engineControl != 1) {
      throw DvxException.of(Kind.INTERNAL, "The counter of engine snapshots does not count")
          .cause("One call was made on purpose and " + engineControl + " were counted")
          .build();
    }
    shop.narrator()
        .say(
            "The engine was asked for %d snapshots of its own in %,d calls, all of them as a real"
                + " one takes them. One on purpose was counted as %d.",
            asked.snapshots(), asked.calls(), engineControl);
    return new Counted(stuns, control, asked.snapshots(), engineControl);
  }
}
