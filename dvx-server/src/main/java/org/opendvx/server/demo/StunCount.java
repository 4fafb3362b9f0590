package org.opendvx.server.demo;

import java.io.IOException;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.server.demo.VCenterStart.VCenter;
import org.opendvx.server.demo.vm.StunControl;

/** Step 10: how often vCenter was told to make a snapshot of its own, and that it is counted. */
final class StunCount {
  private final Workshop shop;
  private final VCenter vcenter;

  StunCount(Workshop shop, VCenter vcenter) {
    this.shop = shop;
    this.vcenter = vcenter;
  }

  /**
   * What was counted.
   *
   * @param stuns by all that was done before
   * @param control by one call that was made on purpose, afterwards
   */
  record Counted(long stuns, long control) {}

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
    return new Counted(stuns, control);
  }
}
