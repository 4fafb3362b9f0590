package org.opendvx.server.demo;

import java.io.IOException;
import java.time.Duration;
import org.opendvx.server.bench.rpc.NfsSession;
import org.opendvx.server.demo.SnapshotSeries.Cut;
import org.opendvx.server.demo.SnapshotSeries.Series;
import org.opendvx.server.demo.load.CutFinder;
import org.opendvx.server.demo.load.ExpectedState;
import org.opendvx.server.demo.load.Tally;
import org.opendvx.server.demo.load.View;
import org.opendvx.server.demo.load.ViewCheck;
import org.opendvx.server.demo.nfs.NfsPipeline;

/**
 * Step 9: everything that was written to the large machine is read again, from its live disks and
 * through {@code /.snapshots}, and every snapshot is shown to be one instant.
 */
final class LargeProof {
  private static final int DEPTH = 64;
  private static final Duration SILENCE = Duration.ofSeconds(40);
  private static final String SNAPSHOTS = "/.snapshots/";

  private final Workshop shop;
  private final Node node;
  private final LargeMachine.Made machine;
  private final Tally tally;

  LargeProof(Workshop shop, Node node, LargeMachine.Made machine, Tally tally) {
    this.shop = shop;
    this.node = node;
    this.machine = machine;
    this.tally = tally;
  }

  /**
   * Reads it all.
   *
   * @param done how many writes of each sequence were acknowledged in the end
   */
  Void run(Series series, long[] done) throws IOException, InterruptedException {
    try (NfsSession session = NfsSession.open(node.target());
        NfsPipeline pipeline = NfsPipeline.open(node.nfs(), Node.WHO, DEPTH, SILENCE)) {
      ExpectedState now = new ExpectedState(machine.plans(), done);
      ViewCheck live = new ViewCheck(pipeline, machine.live(), machine.pattern(), tally);
      live.rings(machine.plans(), now);
      live.chunks(machine.chunks(), now, shop.scale().liveStep());
      shop.narrator()
          .say(
              "Live disks: all %,d chunks and the last write to every place are there%s.",
              machine.chunks().count(), verdict());
      for (Cut cut : series.cuts()) {
        boolean last = cut.equals(series.cuts().getLast());
        snapshot(session, pipeline, cut, last);
      }
    }
    shop.narrator()
        .say(
            "%d snapshots: each is one instant for all %d disks, with every write that was"
                + " acknowledged before it; the last one, read whole, has all %,d chunks as they"
                + " were then%s.",
            series.cuts().size(), Scale.DISKS, machine.chunks().count(), verdict());
    for (String problem : tally.problems()) {
      shop.narrator().say("MISMATCH: %s", problem);
    }
    return null;
  }

  private String verdict() {
    return tally.mismatches() == 0 ? "" : " - NOT: see the mismatches";
  }

  private void snapshot(NfsSession session, NfsPipeline pipeline, Cut cut, boolean whole)
      throws IOException, InterruptedException {
    View view =
        View.find(
            session,
            cut.snapshot(),
            SNAPSHOTS + cut.snapshot() + machine.machine().folder(),
            machine.machine().flats());
    long[] found = new CutFinder(pipeline, view).find(machine.plans());
    for (int sequence = 0; sequence < found.length; sequence++) {
      boolean complete = found[sequence] >= cut.before()[sequence];
      boolean past = found[sequence] <= cut.after()[sequence];
      if (!complete || !past) {
        tally.mismatch(
            "%s: sequence %d ends with write %d; %d were acknowledged before the cut, %d sent"
                    .formatted(
                        cut.snapshot(),
                        sequence,
                        found[sequence],
                        cut.before()[sequence],
                        cut.after()[sequence])
                + " until it was there");
      }
    }
    ExpectedState then = new ExpectedState(machine.plans(), found);
    ViewCheck check = new ViewCheck(pipeline, view, machine.pattern(), tally);
    check.rings(machine.plans(), then);
    if (whole) {
      check.chunks(machine.chunks(), then, 1);
    }
  }
}
