package org.opendvx.core.vm;

import java.time.Clock;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
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
  private static final int MAX_GROUP = 64;

  /** Names of a safety snapshot that are tried. */
  private static final int NAMES_TRIED = 8;

  private static final byte[] NONE = {};

  /** What a snapshot's document may hold. */
  private static final int MAX_DOCUMENT = 512 << 10;

  private final Datastore datastore;
  private final DatastorePaths paths;
  private final VmFileSet fileSet;
  private final List<Quiescer> quiescers;
  private final Choreography choreography;
  private final CutBarrier barrier;
  private final SnapshotRecords records;
  private final SnapshotNames names;

  /**
   * The service over one datastore.
   *
   * @param quiescers asked in this order; the first that covers a machine is used
   */
  public VmSnapshots(Datastore datastore, List<Quiescer> quiescers, Clock clock) {
    this(
        datastore,
        quiescers,
        CutBarrier.oneOwner(datastore.snapshots()),
        AuditTrail.NONE,
        StageLimits.USUAL,
        clock);
  }

  /**
   * The service with all of its parts.
   *
   * @param barrier takes the cuts of groups, and of machines alone
   * @param audit where every freeze is recorded; without a record no guest is frozen
   */
  public VmSnapshots(
      Datastore datastore,
      List<Quiescer> quiescers,
      CutBarrier barrier,
      AuditTrail audit,
      StageLimits limits,
      Clock clock) {
    this.datastore = datastore;
    this.paths = new DatastorePaths(datastore);
    this.fileSet = new VmFileSet(paths);
    this.quiescers = List.copyOf(quiescers);
    this.choreography = new Choreography(limits);
    this.barrier = barrier;
    this.records = new SnapshotRecords(audit);
    this.names = new SnapshotNames(clock);
  }

  /**
   * What to take.
   *
   * @param name unique, null for the machine's name and the time
   * @param labels the user's own, at most 32; keys must not start with {@code dvx.}
   * @param who asked for it, for the audit record
   */
  public record Request(
      VmRef vm,
      @Nullable String name,
      Map<String, String> labels,
      SnapshotPolicy policy,
      String who) {
    /** A request of the node's own. */
    public Request(
        VmRef vm, @Nullable String name, Map<String, String> labels, SnapshotPolicy policy) {
      this(vm, name, labels, policy, "dvx");
    }
  }

  /**
   * What was taken of a group.
   *
   * @param group what its restore points are labelled with
   * @param taken one for each machine that is in it
   * @param dropped machines that are not, each with the reason
   */
  public record GroupTaken(String group, List<Taken> taken, Map<VmRef, String> dropped) {}

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
    Member member = member(hypervisor, request);
    refuseHopeless(member);
    return run(List.of(member), Stragglers.VOID, "").taken().getFirst();
  }

  /**
   * Takes restore points of several machines in one instant; each can be restored alone.
   *
   * @param hypervisors finds the one that a machine belongs to
   * @throws DvxException CONFLICT when a machine's policy is REQUIRE, it cannot be
   *     application-consistent, and stragglers void the whole; no restore point is left then
   */
  public GroupTaken createTogether(
      Function<VmRef, Hypervisor> hypervisors, List<Request> requests, Stragglers stragglers) {
    if (requests.isEmpty()
        || requests.size() > MAX_GROUP
        || requests.stream().map(Request::vm).distinct().count() != requests.size()) {
      throw DvxException.of(Kind.INVALID, "This group cannot be snapshotted")
          .cause("A group has 1 to " + MAX_GROUP + " machines, each once")
          .remedy("Name the machines again")
          .build();
    }
    List<Member> members = new ArrayList<>();
    for (Request request : requests) {
      members.add(member(hypervisors.apply(request.vm()), request));
    }
    return run(members, stragglers, UUID.randomUUID().toString());
  }

  private Member member(Hypervisor hypervisor, Request request) {
    for (String key : request.labels().keySet()) {
      if (key.startsWith(RestorePoint.RESERVED)) {
        throw DvxException.of(Kind.INVALID, "The label " + key + " cannot be set")
            .cause("Labels that start with " + RestorePoint.RESERVED + " are DVX's own")
            .remedy("Choose another key")
            .build();
      }
    }
    VmDescription vm = hypervisor.describe(request.vm());
    String name = request.name() == null ? names.next(vm, "") : request.name();
    Map<String, FileKey> files = fileSet.resolve(vm);
    Optional<WitnessedShutdown> shutdown =
        request.policy() == SnapshotPolicy.OFF
            ? Optional.empty()
            : WitnessedShutdown.of(hypervisor, vm, files, quiescers);
    List<String> limits = limits(vm, request.policy(), shutdown.isPresent());
    Optional<Quiescer> quiescer = quiescer(vm, request.policy(), limits);
    return new Member(vm, name, List.copyOf(files.values()), request, quiescer, shutdown, limits);
  }

  private static void refuseHopeless(Member member) {
    if (member.policy() == SnapshotPolicy.REQUIRE && !member.limits().isEmpty()) {
      throw refused(member.vm(), member.reason());
    }
  }

  /** Takes a restore point before something overwrites the machine; the guest is off. */
  RestorePoint safety(VmDescription vm, String what) {
    Request request = new Request(vm.ref(), null, Map.of(), SnapshotPolicy.OFF);
    String reason = "taken while the machine was off, before a restore";
    String name = names.next(vm, what);
    List<FileKey> files = List.copyOf(fileSet.resolve(vm).values());
    for (int attempt = 1; ; attempt++) {
      // Another node may have given the same name in the same millisecond.
      String given = attempt == 1 ? name : name + "-" + attempt;
      Member member =
          new Member(
              vm, given, files, request, Optional.empty(), Optional.empty(), List.of(reason));
      CompletableFuture<List<Snapshots.Cut>> cut =
          start(List.of(member), RestorePoint.Origin.SAFETY, "");
      try {
        return point(paths.done("snapshot", given, cut).getFirst().snapshot());
      } catch (DvxException e) {
        if (e.kind() != Kind.EXISTS || attempt == NAMES_TRIED) {
          throw e;
        }
      }
    }
  }

  private GroupTaken run(List<Member> all, Stragglers stragglers, String group) {
    Map<VmRef, String> dropped = new LinkedHashMap<>();
    List<Member> members = keep(all, stragglers, dropped);
    String failed = "it was given up";
    boolean done = false;
    try {
      members.forEach(records::begin);
      choreography.prepare(members);
      members = keep(members, stragglers, dropped);
      choreography.freeze(members);
      members = keep(members, stragglers, dropped);
      List<Snapshots.Cut> cuts = cut(members, group);
      choreography.thaw(members);
      GroupTaken taken = finish(members, cuts, stragglers, group, dropped);
      done = true;
      return taken;
    } catch (DvxException e) {
      failed = String.valueOf(e.getMessage());
      throw e;
    } finally {
      if (!done) {
        String why = failed;
        all.forEach(member -> member.abort("there is no cut"));
        all.forEach(member -> records.failed(member, why));
      }
    }
  }

  /** Takes out those that cannot be what their policy requires, or refuses the whole. */
  private List<Member> keep(
      List<Member> members, Stragglers stragglers, Map<VmRef, String> dropped) {
    List<Member> kept = new ArrayList<>();
    for (Member member : members) {
      if (member.policy() != SnapshotPolicy.REQUIRE || member.limits().isEmpty()) {
        kept.add(member);
        continue;
      }
      DvxException failure = member.failure();
      DvxException why = failure == null ? refused(member.vm(), member.reason()) : failure;
      records.refused(member);
      member.abort(member.reason());
      if (stragglers == Stragglers.VOID) {
        members.forEach(other -> other.abort("the whole group was given up"));
        throw why;
      }
      dropped.put(member.vm().ref(), member.reason());
    }
    if (kept.isEmpty()) {
      throw DvxException.of(Kind.CONFLICT, "No machine of the group can be snapshotted")
          .cause(dropped.toString())
          .remedy("Remove the causes, or use the policy TRY and accept a lower label")
          .build();
    }
    return kept;
  }

  /** The cut of all members. One that comes too late counts for no guest. */
  private List<Snapshots.Cut> cut(List<Member> members, String group) {
    CompletableFuture<List<Snapshots.Cut>> cut = start(members, RestorePoint.Origin.USER, group);
    boolean held = members.stream().anyMatch(member -> member.held() != null);
    long budget = choreography.limits().cut().toMillis();
    if (held && !Choreography.quietly(cut, budget)) {
      String why = "the cut took longer than " + budget + " ms; the guest was let go";
      for (Member member : members) {
        if (member.held() != null) {
          member.abort(why);
          member.late(why);
        }
      }
    }
    return paths.done("snapshot", members.getFirst().name(), cut);
  }

  private CompletableFuture<List<Snapshots.Cut>> start(
      List<Member> members, RestorePoint.Origin origin, String group) {
    List<Snapshots.CutRequest> requests = new ArrayList<>();
    for (Member member : members) {
      String reason = member.held() == null ? member.reason() : "the guest's report is missing";
      requests.add(
          new Snapshots.CutRequest(
              member.name(),
              member.files(),
              labels(member, Consistency.CRASH, reason, origin, group),
              new VmDocument(member.vm(), NONE).encode()));
    }
    return barrier.cut(requests, choreography.limits().cut());
  }

  private static Map<String, String> labels(
      Member member,
      Consistency consistency,
      String reason,
      RestorePoint.Origin origin,
      String group) {
    Map<String, String> labels =
        RestorePoint.labels(member.vm(), consistency, reason, origin, member.labels());
    if (!group.isEmpty()) {
      labels.put(RestorePoint.GROUP, group);
    }
    return labels;
  }

  private GroupTaken finish(
      List<Member> members,
      List<Snapshots.Cut> cuts,
      Stragglers stragglers,
      String group,
      Map<VmRef, String> dropped) {
    List<Taken> taken = new ArrayList<>();
    List<Member> kept = new ArrayList<>();
    DvxException voided = null;
    for (int i = 0; i < members.size(); i++) {
      Member member = members.get(i);
      Snapshots.Cut cut = cuts.get(i);
      try {
        taken.add(label(member, cut, group));
        kept.add(member);
      } catch (DvxException e) {
        delete(cut.snapshot().id());
        records.discarded(member, member.reason(), 0);
        if (voided == null) {
          voided = e;
        }
        dropped.put(member.vm().ref(), String.valueOf(e.getMessage()));
      }
    }
    if (voided != null && (stragglers == Stragglers.VOID || taken.isEmpty())) {
      for (int i = 0; i < taken.size(); i++) {
        long id = taken.get(i).point().id();
        delete(id);
        records.discarded(kept.get(i), "the whole group was given up", id);
      }
      throw voided;
    }
    return new GroupTaken(group, List.copyOf(taken), Map.copyOf(dropped));
  }

  /** Says what a restore point is, now that all is known. */
  private Taken label(Member member, Snapshots.Cut cut, String group) {
    VmDescription vm = member.vm();
    Quiescer.Outcome outcome = member.outcome();
    if (outcome != null && !outcome.reason().isEmpty()) {
      member.limit(outcome.reason());
      if (!outcome.skipped().isEmpty()) {
        member.limit("not frozen: " + String.join(", ", outcome.skipped()));
      }
    }
    Consistency reached = reached(member, outcome, cut.snapshot().id());
    Optional<byte[]> document = outcome == null ? Optional.empty() : outcome.document();
    List<String> skipped = outcome == null ? List.of() : outcome.skipped();
    byte[] encoded = new VmDocument(vm, document.orElse(NONE), skipped).encode();
    if (encoded.length > MAX_DOCUMENT) {
      encoded = new VmDocument(vm, NONE, skipped).encode();
      member.limit("the writers' documents are too large to be kept with it");
      reached = reached == Consistency.APPLICATION ? Consistency.FILE_SYSTEM : reached;
    }
    boolean full = member.limits().isEmpty() && reached == Consistency.APPLICATION;
    if (member.policy() == SnapshotPolicy.REQUIRE && !full) {
      throw refused(vm, member.reason());
    }
    try {
      records.end(member, reached, cut.snapshot().id());
    } catch (DvxException e) {
      member.limit("its end could not be recorded");
      reached = Consistency.CRASH;
      if (member.policy() == SnapshotPolicy.REQUIRE) {
        throw e;
      }
    }
    Snapshots.SnapshotInfo info = cut.snapshot();
    if (member.hasGuest()) {
      info =
          paths.done(
              "label",
              member.name(),
              datastore
                  .snapshots()
                  .amend(
                      info.id(),
                      labels(member, reached, member.reason(), RestorePoint.Origin.USER, group),
                      encoded));
    }
    LOG.info(
        "Took restore point {} of {} ({} files), {}, writes held {} us",
        member.name(),
        vm.name(),
        info.files(),
        reached,
        cut.heldNanos() / 1_000);
    return new Taken(
        point(info),
        cut.heldNanos(),
        cut.totalNanos(),
        outcome == null ? 0 : outcome.writersFrozenMillis(),
        outcome == null ? 0 : outcome.writesHeldMillis());
  }

  /** The most that is true of a cut. */
  private Consistency reached(Member member, Quiescer.@Nullable Outcome outcome, long cut) {
    if (outcome != null) {
      return limitsAllow(member.vm()) ? outcome.consistency() : Consistency.CRASH;
    }
    if (member.shutdown().isEmpty()) {
      return Consistency.CRASH;
    }
    Optional<String> doubt = member.shutdown().get().doubt(datastore.snapshots(), cut);
    doubt.ifPresent(member::limit);
    return doubt.isEmpty() ? Consistency.FILE_SYSTEM : Consistency.CRASH;
  }

  private static boolean limitsAllow(VmDescription vm) {
    return vm.foreignDisks().isEmpty() && vm.power() == PowerState.ON;
  }

  /** Why the restore point cannot be more than crash-consistent, before any guest is asked. */
  private static List<String> limits(VmDescription vm, SnapshotPolicy policy, boolean shutDown) {
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
      case OFF ->
          limits.add(
              shutDown
                  ? "the machine is off, its guest shut down in good order"
                  : "the machine is off and no guest shutdown was witnessed");
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
    List<Quiescer> covering = quiescers.stream().filter(each -> each.covers(vm)).toList();
    List<String> unready = new ArrayList<>();
    for (Quiescer each : covering) {
      Optional<String> why = each.notReady(vm);
      if (why.isEmpty()) {
        return Optional.of(each);
      }
      unready.add(why.get());
    }
    limits.add(
        covering.isEmpty()
            ? "no quiescer: no guest agent answers for this machine"
            : String.join("; ", unready));
    return Optional.empty();
  }

  private static DvxException refused(VmDescription vm, String why) {
    return DvxException.of(
            Kind.CONFLICT, "No application-consistent snapshot of " + vm.name() + " is possible")
        .cause(why)
        .remedy("Remove the cause, or use the policy TRY and accept a lower label")
        .detail("vm", vm.ref())
        .build();
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
