package org.opendvx.core.vm;

import java.time.Clock;
import java.time.Duration;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.datastore.Datastore;
import org.opendvx.core.datastore.FileKey;
import org.opendvx.core.datastore.Snapshots;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes, finds and deletes restore points of machines: freeze (where a quiescer can), cut, thaw,
 * label. No hypervisor snapshot is ever made, so no machine is stunned.
 *
 * <p>The cut is labelled CRASH first and raised only when the guest has said, after the cut was
 * confirmed, that it was still holding: whatever dies in between, a label never claims too much.
 * Thread-safe; calls block.
 */
public final class VmSnapshots {
  private static final Logger LOG = LoggerFactory.getLogger(VmSnapshots.class);
  private static final Duration FREEZE_LIMIT = Duration.ofSeconds(60);
  private static final DateTimeFormatter STAMP =
      DateTimeFormatter.ofPattern("yyyyMMdd-HHmmss.SSS", Locale.ROOT).withZone(ZoneOffset.UTC);
  private static final byte[] NONE = {};

  private final Datastore datastore;
  private final DatastorePaths paths;
  private final VmFileSet fileSet;
  private final List<Quiescer> quiescers;
  private final Clock clock;

  /**
   * The service over one datastore.
   *
   * @param quiescers asked in this order; the first that covers a machine is used
   */
  public VmSnapshots(Datastore datastore, List<Quiescer> quiescers, Clock clock) {
    this.datastore = datastore;
    this.paths = new DatastorePaths(datastore);
    this.fileSet = new VmFileSet(paths);
    this.quiescers = List.copyOf(quiescers);
    this.clock = clock;
  }

  /**
   * What to take.
   *
   * @param name unique, null for the machine's name and the time
   * @param labels the user's own, at most 32; keys must not start with {@code dvx.}
   */
  public record Request(
      VmRef vm, @Nullable String name, Map<String, String> labels, SnapshotPolicy policy) {}

  /**
   * What was taken.
   *
   * @param heldNanos how long the cut held writes off in the node
   * @param cutNanos from the cut's start to its durability
   * @param writersFrozenMillis how long applications in the guest waited, 0 when it was not frozen
   * @param writesHeldMillis how long the guest's writes were held, 0 when it was not frozen
   */
  public record Taken(
      RestorePoint point,
      long heldNanos,
      long cutNanos,
      long writersFrozenMillis,
      long writesHeldMillis) {}

  /**
   * Takes a restore point.
   *
   * @throws DvxException CONFLICT when the policy is REQUIRE and it cannot be
   *     application-consistent; no restore point is left then
   */
  public Taken create(Hypervisor hypervisor, Request request) {
    for (String key : request.labels().keySet()) {
      if (key.startsWith(RestorePoint.RESERVED)) {
        throw DvxException.of(Kind.INVALID, "The label " + key + " cannot be set")
            .cause("Labels that start with " + RestorePoint.RESERVED + " are DVX's own")
            .remedy("Choose another key")
            .build();
      }
    }
    VmDescription vm = hypervisor.describe(request.vm());
    String name = request.name() == null ? defaultName(vm, "") : request.name();
    List<String> limits = limits(vm, request.policy());
    Optional<Quiescer> quiescer = quiescer(vm, request.policy(), limits);
    if (request.policy() == SnapshotPolicy.REQUIRE && !limits.isEmpty()) {
      throw refused(vm, String.join("; ", limits));
    }
    Target target = new Target(vm, name, resolve(vm), request.labels());
    if (quiescer.isEmpty()) {
      return cut(target, String.join("; ", limits), RestorePoint.Origin.USER);
    }
    return quiesced(target, request.policy(), quiescer.get(), limits);
  }

  /** Takes a restore point before something overwrites the machine; the guest is off. */
  RestorePoint safety(VmDescription vm, String what) {
    return cut(
            new Target(vm, defaultName(vm, what), resolve(vm), Map.of()),
            "taken while the machine was off, before a restore",
            RestorePoint.Origin.SAFETY)
        .point();
  }

  private Taken quiesced(
      Target target, SnapshotPolicy policy, Quiescer quiescer, List<String> limits) {
    VmDescription vm = target.vm();
    Taken taken;
    Quiescer.Outcome outcome;
    Quiescer.Held held;
    try {
      held = quiescer.freeze(vm, vm.disks(), FREEZE_LIMIT);
    } catch (DvxException e) {
      if (policy == SnapshotPolicy.REQUIRE) {
        throw e;
      }
      limits.add("the guest was not frozen: " + e.getMessage());
      return cut(target, String.join("; ", limits), RestorePoint.Origin.USER);
    }
    try (held) {
      taken = cut(target, "the guest's report is missing", RestorePoint.Origin.USER);
      outcome = held.thaw();
    }
    if (!outcome.reason().isEmpty()) {
      limits.add(outcome.reason());
    }
    boolean full = limits.isEmpty() && outcome.consistency() == Consistency.APPLICATION;
    if (policy == SnapshotPolicy.REQUIRE && !full) {
      delete(taken.point().id());
      throw refused(vm, String.join("; ", limits));
    }
    Consistency reached = limitsAllow(vm) ? outcome.consistency() : Consistency.CRASH;
    Snapshots.SnapshotInfo amended =
        paths.done(
            "label",
            target.name(),
            datastore
                .snapshots()
                .amend(
                    taken.point().id(),
                    RestorePoint.labels(
                        vm,
                        reached,
                        String.join("; ", limits),
                        RestorePoint.Origin.USER,
                        target.labels()),
                    new VmDocument(vm, outcome.document().orElse(NONE)).encode()));
    return new Taken(
        point(amended),
        taken.heldNanos(),
        taken.cutNanos(),
        outcome.writersFrozenMillis(),
        outcome.writesHeldMillis());
  }

  private static boolean limitsAllow(VmDescription vm) {
    return vm.foreignDisks().isEmpty() && vm.power() == PowerState.ON;
  }

  /** What is going to be cut; its files are looked up before any guest is frozen. */
  private record Target(
      VmDescription vm, String name, List<FileKey> files, Map<String, String> labels) {}

  private List<FileKey> resolve(VmDescription vm) {
    return List.copyOf(fileSet.resolve(vm).values());
  }

  private Taken cut(Target target, String reason, RestorePoint.Origin origin) {
    VmDescription vm = target.vm();
    String name = target.name();
    Snapshots.CutRequest request =
        new Snapshots.CutRequest(
            name,
            target.files(),
            RestorePoint.labels(vm, Consistency.CRASH, reason, origin, target.labels()),
            new VmDocument(vm, NONE).encode());
    Snapshots.Cut cut = paths.done("snapshot", name, datastore.snapshots().cut(request));
    LOG.info(
        "Took restore point {} of {} ({} files), writes held {} us",
        name,
        vm.name(),
        cut.snapshot().files(),
        cut.heldNanos() / 1_000);
    return new Taken(point(cut.snapshot()), cut.heldNanos(), cut.totalNanos(), 0, 0);
  }

  /** Why the restore point cannot be more than crash-consistent, before any guest is asked. */
  private static List<String> limits(VmDescription vm, SnapshotPolicy policy) {
    List<String> limits = new ArrayList<>();
    for (VmDescription.ForeignDisk disk : vm.foreignDisks()) {
      limits.add(
          disk.label()
              + " ("
              + disk.backing()
              + ") is not in it: "
              + switch (disk.reason()) {
                case OTHER_DATASTORE -> "it is on another datastore";
                case RAW_DEVICE -> "it is a raw device";
                case MULTI_WRITER -> "several machines write to it";
                case UNKNOWN -> "its backing is unknown";
              });
    }
    switch (vm.power()) {
      case OFF -> limits.add("the machine is off and no guest shutdown was witnessed");
      case SUSPENDED -> limits.add("the machine is suspended");
      case UNKNOWN -> limits.add("the machine's power state is unknown");
      case ON -> {
        if (policy == SnapshotPolicy.OFF) {
          limits.add("quiescing is off by policy");
        }
      }
    }
    return limits;
  }

  private Optional<Quiescer> quiescer(
      VmDescription vm, SnapshotPolicy policy, List<String> limits) {
    if (policy == SnapshotPolicy.OFF || vm.power() != PowerState.ON) {
      return Optional.empty();
    }
    Optional<Quiescer> found = quiescers.stream().filter(q -> q.covers(vm)).findFirst();
    if (found.isEmpty()) {
      limits.add("no quiescer: no guest agent answers for this machine");
    }
    return found;
  }

  private static DvxException refused(VmDescription vm, String why) {
    return DvxException.of(
            Kind.CONFLICT, "No application-consistent snapshot of " + vm.name() + " is possible")
        .cause(why)
        .remedy("Remove the cause, or use the policy TRY and accept a lower label")
        .detail("vm", vm.ref())
        .build();
  }

  /** A machine's name can hold what a snapshot's name cannot. */
  private String defaultName(VmDescription vm, String what) {
    String base = vm.name().replaceAll("[/\\x00-\\x1f]", "_");
    base = base.length() <= 120 ? base : base.substring(0, 120);
    return base + (what.isEmpty() ? "" : "-" + what) + "-" + STAMP.format(clock.instant());
  }

  /** A restore point by id or by name. */
  public RestorePoint require(String idOrName) {
    Optional<Snapshots.SnapshotInfo> found = datastore.snapshots().find(idOrName);
    if (found.isEmpty() && idOrName.matches("[0-9]{1,18}")) {
      found = datastore.snapshots().snapshot(Long.parseLong(idOrName));
    }
    return found
        .flatMap(RestorePoint::of)
        .orElseThrow(
            () ->
                DvxException.of(Kind.NOT_FOUND, "There is no restore point " + idOrName)
                    .cause("It was deleted, or the name is another one")
                    .remedy("List them: dvx snapshot list")
                    .build());
  }

  /** What a restore point keeps of its machine. */
  public VmDocument document(RestorePoint point) {
    return datastore
        .snapshots()
        .snapshot(point.id())
        .map(snapshot -> VmDocument.decode(snapshot.document()))
        .orElseThrow(
            () ->
                DvxException.of(Kind.NOT_FOUND, "The restore point " + point.name() + " is gone")
                    .cause("It was deleted meanwhile")
                    .remedy("Choose another one: dvx snapshot list")
                    .build());
  }

  /** Deletes a snapshot; O(1). */
  public void delete(long id) {
    paths.done("delete snapshot", Long.toString(id), datastore.snapshots().delete(id));
  }

  private static RestorePoint point(Snapshots.SnapshotInfo snapshot) {
    return RestorePoint.of(snapshot)
        .orElseThrow(
            () -> DvxException.of(Kind.INTERNAL, "A restore point lost its labels").build());
  }
}
