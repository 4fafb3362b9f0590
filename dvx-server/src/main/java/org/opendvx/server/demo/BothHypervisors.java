package org.opendvx.server.demo;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.server.api.CloneRequest;
import org.opendvx.server.api.CloneView;
import org.opendvx.server.api.SnapshotRequest;
import org.opendvx.server.api.SnapshotTaken;
import org.opendvx.server.api.SnapshotView;
import org.opendvx.server.api.SnapshotsTaken;
import org.opendvx.server.api.VmDetail;
import org.opendvx.server.demo.EngineStart.Engine;
import org.opendvx.server.demo.load.CrossSequence;
import org.opendvx.server.demo.load.Tally;
import org.opendvx.server.demo.nfs.ForeignClient;

/**
 * A machine in the engine, one cut over it and a machine in vCenter while a sequence of writes goes
 * from one to the other in turn, and the engine's machine made anew from it.
 */
final class BothHypervisors {
  static final String NAME = "erp01";

  private static final String COPY = NAME + "-copy";
  private static final String SNAPSHOTS = "/.snapshots/";
  private static final Duration LIMIT = Duration.ofSeconds(60);
  private static final Duration STEP = Duration.ofMillis(20);
  private static final long MIB = 1L << 20;
  private static final long DATA = 16 * MIB;
  private static final double MILLI = 1e6;

  private final Workshop shop;
  private final Node node;
  private final Engine engine;
  private final Tally tally;

  BothHypervisors(Workshop shop, Node node, Engine engine, Tally tally) {
    this.shop = shop;
    this.node = node;
    this.engine = engine;
    this.tally = tally;
  }

  /**
   * The engine's machine.
   *
   * @param id in the engine
   * @param system file of the disk that holds a file system
   * @param data file of the other disk
   * @param original what was written to the first one
   */
  record Made(String id, String system, String data, Path original) {}

  /**
   * The cut.
   *
   * @param snapshot name of the restore point of the engine's machine
   * @param machines how many are in it
   * @param totalNanos until it was durable, as the node tells
   * @param writes of the sequence while it was asked for
   */
  record Cut(String snapshot, int machines, long totalNanos, long writes) {}

  /** Makes the machine; hosts make its files, and its content comes by NFS. */
  Made make(Path original) throws IOException, InterruptedException {
    String id = engine.administrator().makeMachine(NAME);
    engine.administrator().addDisk(id, NAME + "_Disk1", shop.scale().imageBytes(), true);
    engine.administrator().addDisk(id, NAME + "_Disk2", DATA, false);
    List<String> disks =
        engine.administrator().describe(id).disks().stream()
            .map(each -> each.chain().getFirst())
            .toList();
    ForeignClient host =
        new ForeignClient(
            shop.programs(), NodeStart.OVIRT, node.file().nfsPort(), node.file().mountPort());
    String below = disks.getFirst().substring(NodeStart.OVIRT.length());
    if (node.answersOnPort111()) {
      host.convert(original, below, LIMIT);
    } else {
      host.put(original, below, LIMIT);
    }
    engine.administrator().start(id);
    if (!engine.administrator().runs(NAME)) {
      throw DvxException.of(Kind.INTERNAL, NAME + " does not run in the engine").build();
    }
    shop.narrator()
        .say(
            "%s runs in the engine: two RAW disks that its hosts made on the domain; the first was"
                + " written by %s.",
            NAME, node.answersOnPort111() ? "qemu-img convert" : "nfs-cp");
    return new Made(id, disks.getFirst(), disks.get(1), original);
  }

  /** Takes the cut and reads it back. */
  Cut cut(Made made) throws IOException, InterruptedException {
    String partner = RestoreAndClone.CLONE;
    String flat =
        node.api().get("vms/" + partner, VmDetail.class).disks().get(1).chain().stream()
            .filter(path -> path.endsWith("-flat.vmdk"))
            .findFirst()
            .orElseThrow();
    long end = shop.scale().imageBytes() - (long) CrossSequence.SLOTS * CrossSequence.BLOCK;
    CrossSequence.Ring there = ring(flat, end);
    CrossSequence.Ring here = ring(made.data(), 0);
    try (CrossSequence sequence = new CrossSequence(node.target(), List.of(there, here))) {
      shop.cleanup().add("stop the sequence over both", sequence::stop);
      sequence.start();
      await(sequence, 2 * sequence.round());
      long before = sequence.acknowledged();
      SnapshotsTaken taken =
          node.api()
              .await(
                  "snapshots",
                  new SnapshotRequest(
                      null, List.of(partner, NAME), null, null, null, Map.of(), "try", null),
                  SnapshotsTaken.class,
                  LIMIT);
      long after = sequence.issued();
      await(sequence, after + sequence.round());
      sequence.stop();
      sequence.check();
      long newest =
          sequence.requireOneInstant(
              List.of(
                  SNAPSHOTS + member(taken, partner).name() + there.folder(),
                  SNAPSHOTS + member(taken, NAME).name() + here.folder()),
              before,
              after,
              tally);
      long total = taken.taken().getFirst().totalNanos();
      shop.narrator()
          .say(
              "One cut over %s (vCenter) and %s (the engine), durable within %.1f ms; a sequence"
                  + " of writes went from one to the other in turn, and both hold it up to write"
                  + " %,d and no further.",
              partner, NAME, total / MILLI, newest);
      return new Cut(member(taken, NAME).name(), taken.taken().size(), total, after - before);
    }
  }

  private static CrossSequence.Ring ring(String path, long start) {
    int slash = path.lastIndexOf('/');
    return new CrossSequence.Ring(path.substring(0, slash), path.substring(slash + 1), start);
  }

  private static SnapshotView member(SnapshotsTaken taken, String vm) {
    return taken.taken().stream()
        .map(SnapshotTaken::snapshot)
        .filter(each -> each.vm().equals(vm))
        .findFirst()
        .orElseThrow(
            () ->
                DvxException.of(Kind.INTERNAL, vm + " is not in the cut over both hypervisors")
                    .cause("Left out: " + taken.dropped())
                    .build());
  }

  private static void await(CrossSequence sequence, long writes)
      throws IOException, InterruptedException {
    long end = System.nanoTime() + LIMIT.toNanos();
    while (sequence.acknowledged() < writes) {
      sequence.check();
      if (System.nanoTime() - end > 0) {
        throw DvxException.of(Kind.TIMEOUT, "The sequence over both machines does not go on")
            .cause(sequence.acknowledged() + " of " + writes + " writes were acknowledged")
            .build();
      }
      Thread.sleep(STEP);
    }
  }

  /** Makes the engine's machine anew from the cut and compares it. */
  Void restore(Made made, Cut cut) throws IOException, InterruptedException {
    String snapshot = cut.snapshot();
    CloneView cloned =
        node.api().await("clones", new CloneRequest(snapshot, COPY, true), CloneView.class, LIMIT);
    if (!engine.administrator().runs(COPY)) {
      throw DvxException.of(Kind.INTERNAL, COPY + " does not run in the engine").build();
    }
    List<String> disks =
        node.api().get("vms/" + COPY, VmDetail.class).disks().stream()
            .map(each -> each.chain().getFirst())
            .toList();
    long before = tally.mismatches();
    DiskProof proof = new DiskProof(shop, node, tally);
    proof.compare(COPY, disks.getFirst(), made.original());
    Path then = shop.path("then.img");
    node.foreign().get(SNAPSHOTS + snapshot + made.data(), then, LIMIT);
    proof.same(disks.get(1), then);
    shop.narrator()
        .say(
            "%s: a new machine in the engine, made of the cut (%s), runs. Its disks, read back by"
                + " %s, %s.",
            COPY,
            String.join("; ", cloned.notes()),
            node.answersOnPort111() ? "nfs-cp and qemu-img" : "nfs-cp",
            tally.mismatches() == before
                ? "are those of the cut byte for byte, and e2fsck finds no fault"
                : "ARE NOT what they must be");
    return null;
  }
}
