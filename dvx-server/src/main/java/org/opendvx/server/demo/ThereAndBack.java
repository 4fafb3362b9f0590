package org.opendvx.server.demo;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import org.opendvx.server.api.DatastoreView;
import org.opendvx.server.api.DiskView;
import org.opendvx.server.api.VmDetail;
import org.opendvx.server.demo.load.Tally;

/** A machine of vCenter goes to oVirt and back by {@code dvx vm convert}, a program of its own. */
final class ThereAndBack {
  private static final String THERE = SmallMachine.NAME + "-ovirt";
  private static final String BACK = SmallMachine.NAME + "-back";
  private static final Duration LIMIT = Duration.ofSeconds(60);

  /** Both copies may take so much of one more. */
  private static final double MOST_MORE = 0.01;

  private final Workshop shop;
  private final Node node;
  private final Tally tally;

  ThereAndBack(Workshop shop, Node node, Tally tally) {
    this.shop = shop;
    this.node = node;
    this.tally = tally;
  }

  /**
   * What became of it.
   *
   * @param bytes of the machine's disks
   * @param more bytes that the node stored for both copies, as it tells
   */
  record Converted(long bytes, long more) {
    /** Percent that both copies took. */
    double percent() {
      return Math.round(more * 100_000.0 / bytes) / 1000.0;
    }
  }

  Converted run(SmallMachine.Made machine) throws IOException, InterruptedException {
    long mismatches = tally.mismatches();
    long stored = stored();
    convert(RestoreAndClone.SNAPSHOT, "rhv", THERE);
    convert(THERE, "vsphere", BACK);
    Converted converted =
        new Converted(shop.scale().imageBytes() * machine.originals().size(), stored() - stored);
    if (converted.more() > MOST_MORE * converted.bytes()) {
      tally.mismatch("The conversions stored " + converted.more() + " bytes more");
    }
    DiskProof proof = new DiskProof(shop, node, tally);
    List<DiskView> there = node.api().get("vms/" + THERE, VmDetail.class).disks();
    for (int disk = 0; disk < machine.originals().size(); disk++) {
      Path original = machine.originals().get(disk);
      proof.same(there.get(disk).chain().getFirst(), original);
    }
    proof.compare(BACK, machine.originals());
    shop.narrator()
        .say(
            "%s was made in the engine of a restore point of %s, and %s in vCenter of that, by"
                + " dvx vm convert. The disks of both, read back, %s. Both copies took %s more.",
            THERE,
            SmallMachine.NAME,
            BACK,
            tally.mismatches() == mismatches
                ? "are the originals byte for byte"
                : "ARE NOT what they must be",
            String.format(Locale.ROOT, "%.3f %%", converted.percent()));
    return converted;
  }

  private long stored() {
    return node.api().get("datastore", DatastoreView.class).storedWrittenBytes();
  }

  private void convert(String source, String to, String name) throws InterruptedException {
    List<String> command = NodeStart.java();
    command.addAll(
        List.of(
            "-Xmx128m",
            "org.opendvx.server.Main",
            "vm",
            "convert",
            source,
            "--to",
            to,
            "--name",
            name,
            "--url",
            node.file().rest(),
            "--token-file",
            node.file().tokenFile(),
            "--certificate-sha256",
            node.file().certificateSha256()));
    shop.programs().demand("The machine could not be converted", LIMIT, command);
  }
}
