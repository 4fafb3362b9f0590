package org.opendvx.server.demo;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.server.api.CloneRequest;
import org.opendvx.server.api.CloneView;
import org.opendvx.server.api.RestoreRequest;
import org.opendvx.server.api.RestoreView;
import org.opendvx.server.api.SnapshotRequest;
import org.opendvx.server.api.SnapshotTaken;
import org.opendvx.server.bench.rpc.NfsSession;
import org.opendvx.server.demo.VCenterStart.VCenter;
import org.opendvx.server.demo.load.Tally;
import org.opendvx.server.demo.load.View;

/** Step 8: the small machine is spoilt, restored in place, and cloned. */
final class RestoreAndClone {
  /** The restore point. */
  static final String SNAPSHOT = SmallMachine.NAME + "-first";

  /** The new machine. */
  static final String CLONE = SmallMachine.NAME + "-copy";

  private static final Duration LIMIT = Duration.ofSeconds(60);
  private static final int SPOILT = 300;
  private static final int LONGEST = 32 << 10;
  private static final int SUPERBLOCK = 1024;

  private final Workshop shop;
  private final Node node;
  private final VCenter vcenter;
  private final SmallMachine.Made machine;

  RestoreAndClone(Workshop shop, Node node, VCenter vcenter, SmallMachine.Made machine) {
    this.shop = shop;
    this.node = node;
    this.vcenter = vcenter;
    this.machine = machine;
  }

  /** Takes the restore point that the machine goes back to. */
  Void protect() {
    SnapshotTaken taken =
        node.api()
            .await(
                "snapshots",
                new SnapshotRequest(SmallMachine.NAME, null, SNAPSHOT, Map.of(), "try"),
                SnapshotTaken.class,
                LIMIT);
    shop.narrator()
        .say(
            "Restore point %s: %d files, label %s (%s).",
            taken.snapshot().name(),
            taken.snapshot().files(),
            taken.snapshot().consistency(),
            taken.snapshot().reason());
    return null;
  }

  Void run(Tally tally) throws IOException, InterruptedException {
    DiskProof proof = new DiskProof(shop, node, tally);
    spoil();
    String spoilt = machine.machine().folder() + "/" + machine.machine().flat(0);
    if (!proof.differs(spoilt, machine.originals().getFirst())) {
      throw DvxException.of(Kind.INTERNAL, "The disk was overwritten and has not changed").build();
    }
    shop.narrator()
        .say("%s's disks were overwritten at %d places each.", SmallMachine.NAME, SPOILT);
    RestoreView restored =
        node.api()
            .await(
                "restores",
                new RestoreRequest(SmallMachine.NAME, SNAPSHOT, true, true),
                RestoreView.class,
                LIMIT);
    requireRunning(SmallMachine.NAME);
    prove("Restored in place, switched off and on again", SmallMachine.NAME, proof, tally);
    shop.narrator().say("The state before is kept as %s.", restored.safetySnapshot());
    CloneView cloned =
        node.api().await("clones", new CloneRequest(SNAPSHOT, CLONE, true), CloneView.class, LIMIT);
    requireRunning(cloned.vm());
    prove("Cloned as a new machine in vCenter, which runs", CLONE, proof, tally);
    return null;
  }

  private void prove(String what, String name, DiskProof proof, Tally tally)
      throws IOException, InterruptedException {
    List<Path> originals = machine.originals();
    long before = tally.mismatches();
    proof.compare(name, originals);
    boolean same = tally.mismatches() == before;
    shop.narrator()
        .say(
            "%s: %s. Its disks, read back by %s, %s.",
            name,
            what,
            node.answersOnPort111() ? "nfs-cp and qemu-img" : "nfs-cp",
            same
                ? "are the originals byte for byte, and e2fsck finds no fault"
                : "ARE NOT what they must be");
  }

  private void requireRunning(String name) {
    if (!vcenter.administrator().runs(name)) {
      throw DvxException.of(Kind.INTERNAL, name + " does not run in vCenter")
          .cause("Its inventory holds " + vcenter.administrator().machines())
          .build();
    }
  }

  private void spoil() throws IOException {
    SplittableRandom random = new SplittableRandom(1);
    try (NfsSession session = NfsSession.open(node.target())) {
      View disks =
          View.find(
              session, SmallMachine.NAME, machine.machine().folder(), machine.machine().flats());
      for (byte[] disk : disks.handles()) {
        byte[] garbage = new byte[LONGEST];
        random.nextBytes(garbage);
        session.write(disk, SUPERBLOCK, java.util.Arrays.copyOf(garbage, SUPERBLOCK));
        for (int i = 1; i < SPOILT; i++) {
          random.nextBytes(garbage);
          int length = 512 * (1 + random.nextInt(LONGEST / 512));
          long room = shop.scale().imageBytes() - LONGEST;
          session.write(
              disk, random.nextLong(room / 512) * 512, java.util.Arrays.copyOf(garbage, length));
        }
      }
    }
  }
}
