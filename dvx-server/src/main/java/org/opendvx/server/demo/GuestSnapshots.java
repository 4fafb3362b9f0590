package org.opendvx.server.demo;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.vm.VmDescription;
import org.opendvx.server.api.AgentTokenRequest;
import org.opendvx.server.api.AgentTokenView;
import org.opendvx.server.api.SnapshotRequest;
import org.opendvx.server.api.SnapshotTaken;
import org.opendvx.server.bench.rpc.NfsSession;
import org.opendvx.server.demo.VCenterStart.VCenter;
import org.opendvx.server.demo.vm.GuestTools;
import org.opendvx.server.guest.GuestMachine;
import org.opendvx.server.guest.LinuxGuest;
import org.opendvx.server.guest.RecordWriter;
import org.opendvx.server.simulator.EsxMachine;

/**
 * Snapshots of a machine whose guest agrees: this machine's kernel has its disk mounted over NFS,
 * and the real Linux agent freezes that file system and no other one.
 */
final class GuestSnapshots {
  static final String NAME = "web01";

  private static final int SNAPSHOTS = 10;
  private static final long DISK = 128L << 20;
  private static final Duration LIMIT = Duration.ofSeconds(60);
  private static final Duration STEP = Duration.ofMillis(50);
  private static final Duration NONCE_DELAY = Duration.ofSeconds(1);

  private final Workshop shop;
  private final Node node;
  private final VCenter vcenter;

  GuestSnapshots(Workshop shop, Node node, VCenter vcenter) {
    this.shop = shop;
    this.node = node;
    this.vcenter = vcenter;
  }

  /**
   * How long the guest's writes were held.
   *
   * @param millis by the guest's own clock, sorted; empty when no guest could be played
   * @param labels how many restore points have which label
   */
  record Holds(List<Long> millis, Map<String, Long> labels) {
    Holds withLabels(Map<String, Long> all) {
      return new Holds(millis, all);
    }

    void putInto(Map<String, Object> figures) {
      if (!millis.isEmpty()) {
        figures.put("hold_ms_p50", millis.get(millis.size() / 2));
        figures.put("hold_ms_max", millis.getLast());
      }
      figures.put("labels", labels);
    }
  }

  /** All restore points of the node by their labels. */
  static Map<String, Long> labels(Node node) {
    Map<String, Long> labels = new TreeMap<>();
    for (JsonNode each : node.api().get("snapshots?limit=1000", JsonNode.class).path("items")) {
      labels.merge(each.path("consistency").asText(), 1L, Long::sum);
    }
    return labels;
  }

  Holds run() throws IOException, InterruptedException {
    Optional<String> reason = LinuxGuest.whyNot();
    if (reason.isEmpty() && !node.answersOnPort111()) {
      reason = Optional.of("port 111 is taken, and qemu's NFS client asks there");
    }
    if (reason.isPresent()) {
      shop.narrator().say("Left out, so no hold times are measured: %s.", reason.get());
      return new Holds(List.of(), Map.of());
    }
    EsxMachine machine = new EsxMachine(NAME, List.of(DISK));
    MachineMaker maker = new MachineMaker(shop, node);
    try (NfsSession session = NfsSession.open(node.target())) {
      byte[] folder = maker.folder(session, machine);
      session.resize(session.create(folder, machine.flat(0)).handle(), DISK);
    }
    maker.texts(machine);
    maker.register(machine, vcenter);
    VmDescription known = vcenter.administrator().describe(NAME);
    LinuxGuest guest = guest(machine, known);
    shop.cleanup().add("take the guest down", guest::close);
    RecordWriter writer = RecordWriter.start(guest.systems().getFirst(), Duration.ofMillis(5));
    try (GuestTools _ = GuestTools.start(vcenter.simulator(), known.ref().id(), guest)) {
      return snapshots(guest, writer, known);
    } finally {
      guest.thawAll();
      writer.close();
      guest.close();
    }
  }

  private LinuxGuest guest(EsxMachine machine, VmDescription known)
      throws IOException, InterruptedException {
    String export = node.file().export().equals("/") ? "" : node.file().export();
    String disk = export + machine.folder() + "/" + machine.flat(0);
    // The simulator gives a machine that it registers no network card: its BIOS UUID must do then.
    String mac = known.macs().stream().findFirst().orElse("00:0c:29:00:00:01");
    return LinuxGuest.start(
        new LinuxGuest.Setup(
            shop.home(),
            Files.createDirectory(shop.path("guest")),
            "127.0.0.1",
            List.of(new LinuxGuest.Disk(disk, "ext4", true)),
            new GuestMachine(known.biosUuid(), mac),
            NONCE_DELAY));
  }

  private Holds snapshots(LinuxGuest guest, RecordWriter writer, VmDescription known)
      throws IOException, InterruptedException {
    AgentTokenView token =
        node.api().post("agents/tokens", new AgentTokenRequest(NAME, null), AgentTokenView.class);
    guest.agent().enrol("127.0.0.1:" + token.port(), token.token());
    guest.agent().start();
    awaitAgent(guest);
    shop.narrator()
        .say(
            "%s's disk is mounted by this machine's kernel (ext4, qemu's NFS client, FUSE, a loop"
                + " device); the agent enrolled by a token and proved by guestinfo where it runs.",
            NAME);
    SnapshotTaken last = taken(1, writer);
    for (int i = 2; i <= SNAPSHOTS; i++) {
      awaitAgent(guest);
      last = taken(i, writer);
    }
    writer.awaitAfter(writer.acknowledged(), LIMIT);
    List<Long> held = new ArrayList<>();
    for (JsonNode record : node.api().get("audit?limit=1000", JsonNode.class).path("items")) {
      JsonNode millis = record.path("facts").path("writesHeldMillis");
      // The node has a name of its own for the vCenter.
      if (record.path("kind").asText().equals("freeze.end")
          && record.path("subject").asText().endsWith("/" + known.ref().id())
          && millis.isNumber()) {
        held.add(millis.asLong());
      }
    }
    held.sort(null);
    if (held.size() != SNAPSHOTS) {
      throw DvxException.of(Kind.INTERNAL, "The guest was not held in every snapshot")
          .cause(held.size() + " of " + SNAPSHOTS + " times: " + last.snapshot().reason())
          .detail("the agent said", guest.agent().printed())
          .build();
    }
    judge(guest, last, known);
    shop.narrator()
        .say(
            "%d snapshots while %,d synced records were written: writes held %d ms in half of them,"
                + " at most %d ms; label %s. The disk of the last one, read through /.snapshots by"
                + " qemu-img, needs no recovery.",
            held.size(),
            writer.acknowledged(),
            held.get(held.size() / 2),
            held.getLast(),
            last.snapshot().consistency());
    return new Holds(held, Map.of());
  }

  private SnapshotTaken taken(int number, RecordWriter writer)
      throws IOException, InterruptedException {
    writer.awaitAfter(writer.acknowledged(), LIMIT);
    return node.api()
        .await(
            "snapshots",
            new SnapshotRequest(NAME, null, NAME + "-" + number, Map.of(), "try"),
            SnapshotTaken.class,
            LIMIT);
  }

  private void judge(LinuxGuest guest, SnapshotTaken last, VmDescription known)
      throws IOException, InterruptedException {
    String flat =
        known.disks().getFirst().chain().stream()
            .filter(path -> path.endsWith("-flat.vmdk"))
            .findFirst()
            .orElseThrow(() -> DvxException.of(Kind.INTERNAL, NAME + " has no data file").build());
    String export = node.file().export().equals("/") ? "" : node.file().export();
    long records =
        guest.judge(export + "/.snapshots/" + last.snapshot().name() + flat, "ext4").lastRecord();
    if (records == 0) {
      throw DvxException.of(Kind.INTERNAL, "The cut holds no record of the guest").build();
    }
  }

  private void awaitAgent(LinuxGuest guest) throws IOException, InterruptedException {
    long end = System.nanoTime() + LIMIT.toNanos();
    while (true) {
      for (JsonNode agent : node.api().get("agents", JsonNode.class).path("items")) {
        if (agent.path("connected").asBoolean()) {
          return;
        }
      }
      if (System.nanoTime() > end) {
        throw DvxException.of(Kind.TIMEOUT, "The guest's agent does not connect")
            .detail("the agent said", guest.agent().printed())
            .build();
      }
      Thread.sleep(STEP);
    }
  }
}
