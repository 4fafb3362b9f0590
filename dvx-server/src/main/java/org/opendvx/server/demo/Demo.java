package org.opendvx.server.demo;

import java.time.Duration;
import org.opendvx.server.api.DatastoreView;
import org.opendvx.server.demo.EngineStart.Engine;
import org.opendvx.server.demo.VCenterStart.VCenter;
import org.opendvx.server.demo.load.SequenceLoad;
import org.opendvx.server.demo.load.Tally;

/** The whole of it, step by step. */
final class Demo {
  private static final int STEPS = 17;

  private final Workshop shop;

  Demo(Workshop shop) {
    this.shop = shop;
  }

  /**
   * What is left when all steps are done.
   *
   * @param figures what was measured
   */
  record Result(Figures figures, Node node, VCenter vcenter, Engine engine) {}

  /** Does every step; the figures are there only if every one held. */
  Result run() throws InterruptedException {
    Tally tally = new Tally();
    try (Steps steps = new Steps(shop.narrator(), STEPS)) {
      steps.run("Are the tools here?", seconds(10), new ToolCheck(shop)::run);
      Node node = steps.run("A node on six drives", seconds(90), new NodeStart(shop)::run);
      VCenter vcenter =
          steps.run(
              "A vCenter, and the datastore on its hosts",
              seconds(300),
              new VCenterStart(shop, node)::run);
      SmallMachine.Made small =
          steps.run(
              SmallMachine.NAME + ": real file systems, written by other people's NFS clients",
              seconds(150),
              new SmallMachine(shop, node, vcenter)::run);
      RestoreAndClone restore = new RestoreAndClone(shop, node, vcenter, small);
      steps.run("A restore point of " + SmallMachine.NAME, seconds(30), restore::protect);
      GuestSnapshots.Holds holds =
          steps.run(
              GuestSnapshots.NAME + ": a Linux guest with the agent",
              seconds(300),
              new GuestSnapshots(shop, node, vcenter)::run);
      LargeMachine.Made large =
          steps.run(
              LargeMachine.NAME + ": ten disks, one of 500 GiB",
              seconds(180),
              new LargeMachine(shop, node, vcenter)::run);
      try (SequenceLoad load = large.load(node)) {
        shop.cleanup().add("stop the load", load::stop);
        load.start();
        SnapshotSeries.Series series =
            steps.run(
                "Snapshots of " + LargeMachine.NAME + " while it is being written to",
                seconds(120),
                () -> new SnapshotSeries(shop, node).run(load));
        DrivePull.Loss loss =
            steps.run(
                "Two drives are pulled out, and the load goes on",
                seconds(80),
                () -> new DrivePull(shop, node).run(load));
        steps.run(
            SmallMachine.NAME + " is spoilt, restored in place, and cloned",
            seconds(150),
            () -> restore.run(tally));
        steps.run(
            "Everything that was written to " + LargeMachine.NAME + " is read again",
            seconds(200),
            () -> {
              load.stop();
              load.check();
              return new LargeProof(shop, node, large, tally).run(series, load.acknowledged());
            });
        Engine engine =
            steps.run(
                "An oVirt engine, and a storage domain of it on the same datastore",
                seconds(150),
                new EngineStart(shop, node)::run);
        BothHypervisors both = new BothHypervisors(shop, node, engine, tally);
        BothHypervisors.Made made =
            steps.run(
                BothHypervisors.NAME + ": a machine in oVirt",
                seconds(100),
                () -> both.make(small.originals().getFirst()));
        BothHypervisors.Cut cut =
            steps.run(
                "One cut over machines of both hypervisors", seconds(120), () -> both.cut(made));
        steps.run(
            BothHypervisors.NAME + " is made anew in the engine",
            seconds(150),
            () -> both.restore(made, cut));
        ThereAndBack.Converted converted =
            steps.run(
                SmallMachine.NAME + " goes to oVirt and back",
                seconds(150),
                () -> new ThereAndBack(shop, node, tally).run(small));
        StunCount.Counted stuns =
            steps.run(
                "Was any machine stunned?",
                seconds(40),
                new StunCount(shop, vcenter, engine, made.id())::run);
        double reduction = node.api().get("datastore", DatastoreView.class).reduction();
        Figures figures =
            new Figures(
                stuns,
                series,
                loss,
                cut,
                converted,
                holds.withLabels(GuestSnapshots.labels(node)),
                reduction,
                tally,
                shop.narrator().seconds());
        return new Result(figures, node, vcenter, engine);
      }
    }
  }

  private static Duration seconds(int seconds) {
    return Duration.ofSeconds(seconds);
  }
}
