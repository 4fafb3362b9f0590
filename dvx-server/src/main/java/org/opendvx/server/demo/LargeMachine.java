package org.opendvx.server.demo;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.opendvx.server.bench.pattern.PatternSettings;
import org.opendvx.server.bench.rpc.NfsSession;
import org.opendvx.server.demo.VCenterStart.VCenter;
import org.opendvx.server.demo.load.ChunkFill;
import org.opendvx.server.demo.load.ScatteredChunks;
import org.opendvx.server.demo.load.SequenceLoad;
import org.opendvx.server.demo.load.SequencePlan;
import org.opendvx.server.demo.load.View;
import org.opendvx.server.demo.nfs.NfsPipeline;
import org.opendvx.server.simulator.EsxMachine;

/** Step 5: db01, a machine with ten disks, one of them very large and full of scattered chunks. */
final class LargeMachine {
  static final String NAME = "db01";

  private static final long SEED = 0x0DB01L;
  private static final double COMPRESSIBILITY = 2.0;
  private static final int DEPTH = 64;
  private static final Duration SILENCE = Duration.ofSeconds(40);

  private final Workshop shop;
  private final Node node;
  private final VCenter vcenter;

  LargeMachine(Workshop shop, Node node, VCenter vcenter) {
    this.shop = shop;
    this.node = node;
    this.vcenter = vcenter;
  }

  /**
   * The machine and what is written to it.
   *
   * @param plans the sequences of dependent writes
   * @param pattern content of all that is written
   * @param live its disks
   */
  record Made(
      EsxMachine machine,
      ScatteredChunks chunks,
      List<SequencePlan> plans,
      PatternSettings pattern,
      View live) {
    /** The load, not started. */
    SequenceLoad load(Node node) {
      return new SequenceLoad(plans, pattern, live.handles(), node.target());
    }
  }

  Made run() throws IOException, InterruptedException {
    EsxMachine machine = new EsxMachine(NAME, sizes());
    MachineMaker maker = new MachineMaker(shop, node);
    View live;
    try (NfsSession session = NfsSession.open(node.target())) {
      byte[] folder = maker.folder(session, machine);
      for (int disk = 0; disk < Scale.DISKS; disk++) {
        byte[] file = session.create(folder, machine.flat(disk)).handle();
        session.resize(file, machine.diskBytes().get(disk));
      }
      live = View.find(session, "live", machine.folder(), machine.flats());
    }
    ScatteredChunks chunks = new ScatteredChunks(shop.scale().chunks(), Scale.SCATTERED, SEED);
    PatternSettings pattern =
        new PatternSettings(SEED, PatternSettings.CHUNK, COMPRESSIBILITY, 0, 1);
    fill(live.handles().getFirst(), chunks, pattern);
    maker.texts(machine);
    maker.register(machine, vcenter);
    shop.narrator()
        .say("%s is registered in vCenter with its %d disks and runs.", NAME, Scale.DISKS);
    List<SequencePlan> plans = new ArrayList<>();
    for (int sequence = 0; sequence < Scale.SEQUENCES; sequence++) {
      plans.add(
          new SequencePlan(
              sequence, Scale.SEQUENCES, Scale.DISKS, Scale.SLOTS, Scale.RING_START, chunks));
    }
    return new Made(machine, chunks, plans, pattern, live);
  }

  private static List<Long> sizes() {
    List<Long> sizes = new ArrayList<>(Collections.nCopies(Scale.DISKS, Scale.OTHER_DISK));
    sizes.set(0, Scale.LARGE_DISK);
    return sizes;
  }

  private void fill(byte[] disk, ScatteredChunks chunks, PatternSettings pattern)
      throws IOException, InterruptedException {
    long began = System.nanoTime();
    try (NfsPipeline pipeline = NfsPipeline.open(node.nfs(), Node.WHO, DEPTH, SILENCE)) {
      ChunkFill.run(pipeline, disk, 0, chunks, pattern);
    }
    double seconds = (System.nanoTime() - began) / 1e9;
    shop.narrator()
        .say(
            "%,d random chunks of 4 KiB are mapped on a sparse disk of 500 GiB, 2:1 compressible,"
                + " no two alike: written UNSTABLE with COMMITs, %,.0f a second.",
            chunks.count(), chunks.count() / seconds);
  }
}
