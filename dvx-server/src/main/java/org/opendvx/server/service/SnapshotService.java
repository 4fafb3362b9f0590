package org.opendvx.server.service;

import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.opendvx.core.datastore.Datastore;
import org.opendvx.core.datastore.FileKey;
import org.opendvx.core.datastore.Snapshots;
import org.opendvx.core.datastore.Snapshots.SnapshotInfo;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.vm.SnapshotPolicy;
import org.opendvx.core.vm.Stragglers;
import org.opendvx.core.vm.VmRef;
import org.opendvx.server.api.CloneView;
import org.opendvx.server.api.MemberView;
import org.opendvx.server.api.Page;
import org.opendvx.server.api.PruneView;
import org.opendvx.server.api.RestoreView;
import org.opendvx.server.api.SnapshotDetail;
import org.opendvx.server.api.SnapshotTaken;
import org.opendvx.server.api.SnapshotView;
import org.opendvx.server.api.SnapshotWriters;
import org.opendvx.server.api.SnapshotsTaken;
import org.opendvx.server.service.EventLog.Severity;

/** Restore points, of machines and of sets of files. Calls block. Thread-safe. */
public final class SnapshotService {
  private static final int MAX_LABELS = 32;
  private static final DateTimeFormatter STAMP =
      DateTimeFormatter.ofPattern("yyyyMMdd-HHmmss").withZone(ZoneOffset.UTC);

  private final Datastore datastore;
  private final MachineProtection machines;
  private final EventLog events;
  private final Clock clock;

  /** A service over these. */
  public SnapshotService(
      Datastore datastore, MachineProtection machines, EventLog events, Clock clock) {
    this.datastore = datastore;
    this.machines = machines;
    this.events = events;
    this.clock = clock;
  }

  /**
   * A page of snapshots, oldest first; it may be short, or empty, while there are more.
   *
   * @param afterId 0 to start
   */
  public Page<SnapshotView> list(SnapshotFilter filter, long afterId, int limit) {
    Snapshots.Found found = datastore.snapshots().search(filter.query(), afterId, limit);
    return new Page<>(
        found.page().stream().map(this::view).toList(),
        found.next() == 0 ? null : Long.toString(found.next()));
  }

  /**
   * The snapshot that a person means.
   *
   * @param text its name or its id
   */
  public SnapshotInfo resolve(String text) {
    return find(text)
        .orElseThrow(
            () ->
                DvxException.of(Kind.NOT_FOUND, "There is no such snapshot")
                    .cause("No snapshot has this name or id")
                    .remedy("dvx snapshot list shows them")
                    .detail("snapshot", text)
                    .build());
  }

  /** The snapshot of this name or id. */
  public Optional<SnapshotInfo> find(String text) {
    Snapshots snapshots = datastore.snapshots();
    Optional<SnapshotInfo> found = snapshots.find(text);
    return found.isEmpty() && text.matches("\\d{1,18}")
        ? snapshots.snapshot(Long.parseLong(text))
        : found;
  }

  /** A snapshot with its files. */
  public SnapshotDetail detail(SnapshotInfo info) {
    List<MemberView> members =
        datastore.snapshots().members(info.id()).stream()
            .map(member -> new MemberView(member.path(), member.attributes().size()))
            .toList();
    return new SnapshotDetail(view(info), members, machines.document(info).orElse(null));
  }

  /** What applications in the guest gave when a snapshot was taken. */
  public SnapshotWriters writers(SnapshotInfo info) {
    Object kept =
        machines.document(info).orElse(null) instanceof Map<?, ?> document
            ? document.get("writers")
            : null;
    return new SnapshotWriters(info.name(), kept == null ? "" : kept.toString());
  }

  /** Forgets a snapshot. */
  public void delete(SnapshotInfo info) {
    Futures.await("The snapshot cannot be deleted", datastore.snapshots().delete(info.id()));
    events.add(Severity.INFO, "snapshot.deleted", info.name(), "the snapshot was deleted");
  }

  /**
   * Forgets many snapshots.
   *
   * @param keep so many of the newest that the filter takes stay
   * @param dryRun only counts
   */
  public PruneView prune(SnapshotFilter filter, int keep, boolean dryRun, Progress progress) {
    if (filter.any()) {
      throw refused("The snapshots cannot be deleted", "Nothing says which of them");
    }
    PruneView done = new Pruning(datastore.snapshots()).run(filter.query(), keep, dryRun, progress);
    if (!dryRun) {
      events.add(
          Severity.INFO,
          "snapshot.pruned",
          filter.vm(),
          Counted.of(done.deleted(), "snapshot") + " deleted, " + done.kept() + " kept");
    }
    return done;
  }

  /** Takes a snapshot of a set of files. */
  public SnapshotTaken ofPaths(List<String> paths, String name, Map<String, String> labels) {
    checkName(name);
    checkLabels(labels);
    List<FileKey> files = new FileSets(datastore).files(paths);
    String given = name.isEmpty() ? "files-" + STAMP.format(clock.instant()) : name;
    Snapshots.Cut cut =
        Futures.await(
            "The snapshot cannot be taken",
            datastore.snapshots().cut(new Snapshots.CutRequest(given, files, labels, new byte[0])));
    events.add(
        Severity.INFO,
        "snapshot.created",
        given,
        "a snapshot of " + Counted.of(files.size(), "file"));
    return new SnapshotTaken(view(cut.snapshot()), cut.heldNanos(), cut.totalNanos());
  }

  /** Takes a snapshot of a machine. */
  public SnapshotTaken ofMachine(
      VmRef vm,
      String name,
      Map<String, String> labels,
      SnapshotPolicy policy,
      String who,
      Progress progress) {
    checkName(name);
    checkLabels(labels);
    MachineProtection.Shot shot = machines.snapshot(vm, name, labels, policy, who, progress);
    return taken(shot);
  }

  /**
   * Takes snapshots of several machines in one instant.
   *
   * @param vms each with its policy
   */
  public SnapshotsTaken ofMachines(
      Map<VmRef, SnapshotPolicy> vms,
      Map<String, String> labels,
      Stragglers stragglers,
      String who,
      Progress progress) {
    checkLabels(labels);
    MachineProtection.Shots shots =
        machines.snapshotTogether(vms, labels, stragglers, who, progress);
    return new SnapshotsTaken(shots.shots().stream().map(this::taken).toList(), shots.dropped());
  }

  private SnapshotTaken taken(MachineProtection.Shot shot) {
    SnapshotView view = view(shot.snapshot());
    events.add(
        Severity.INFO,
        "snapshot.created",
        view.name(),
        "a snapshot of " + view.vm() + ", " + view.consistency());
    return new SnapshotTaken(view, shot.heldNanos(), shot.totalNanos());
  }

  /** Brings a machine back in place. */
  public RestoreView restore(
      Optional<VmRef> vm,
      SnapshotInfo snapshot,
      boolean powerOff,
      boolean powerOn,
      Progress progress) {
    RestoreView done = machines.restore(vm, snapshot, powerOff, powerOn, progress);
    events.add(Severity.WARNING, "vm.restored", done.vm(), "restored to " + snapshot.name());
    return done;
  }

  /** Makes a new machine. */
  public CloneView clone(
      SnapshotInfo snapshot, String name, boolean powerOn, boolean keepMacs, Progress progress) {
    CloneView done = machines.clone(snapshot, name, powerOn, keepMacs, progress);
    events.add(Severity.INFO, "vm.cloned", done.vm(), "cloned from " + snapshot.name());
    return done;
  }

  /** Makes a machine of another hypervisor. */
  public CloneView convert(MachineProtection.Conversion conversion, Progress progress) {
    CloneView done = machines.convert(conversion, progress);
    events.add(Severity.INFO, "vm.converted", done.vm(), "made as " + done.vmRef());
    return done;
  }

  private SnapshotView view(SnapshotInfo info) {
    MachineProtection.Facts facts = machines.facts(info);
    return new SnapshotView(
        Long.toString(info.id()),
        info.name(),
        Instant.ofEpochSecond(0, info.createdNanos()),
        facts.vm(),
        facts.vmRef(),
        facts.consistency(),
        facts.reason(),
        info.files(),
        info.logicalBytes(),
        facts.labels());
  }

  private static void checkName(String name) {
    boolean good =
        name.length() <= 200
            && !name.equals(".")
            && !name.equals("..")
            && name.chars().noneMatch(c -> c == '/' || Character.isISOControl(c));
    if (!good) {
      throw refused(
          "The snapshot cannot have this name", "A name has 1 to 200 characters, no slash");
    }
  }

  private static void checkLabels(Map<String, String> labels) {
    if (labels.size() > MAX_LABELS) {
      throw refused("The snapshot has too many labels", "At most " + MAX_LABELS + " can be given");
    }
    labels.forEach(
        (key, value) -> {
          if (!key.matches("[a-z0-9][a-z0-9_./-]{0,63}") || key.startsWith("dvx.")) {
            throw refused(
                "The snapshot cannot have this label",
                "A label's key has 1 to 64 of a-z, 0-9 and _./-, and does not start with dvx.");
          }
          if (value.length() > 1024 || value.chars().anyMatch(Character::isISOControl)) {
            throw refused(
                "The snapshot cannot have this label",
                "A label's value has at most 1024 characters, none of them a control character");
          }
        });
  }

  private static DvxException refused(String what, String cause) {
    return DvxException.of(Kind.INVALID, what).cause(cause).remedy("Choose another one").build();
  }
}
