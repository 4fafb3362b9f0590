package org.opendvx.server.rest;

import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.DELETE;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import jakarta.ws.rs.core.SecurityContext;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.datastore.Snapshots.SnapshotInfo;
import org.opendvx.core.vm.SnapshotPolicy;
import org.opendvx.core.vm.Stragglers;
import org.opendvx.core.vm.VmRef;
import org.opendvx.server.api.CloneRequest;
import org.opendvx.server.api.ConvertRequest;
import org.opendvx.server.api.Page;
import org.opendvx.server.api.PruneRequest;
import org.opendvx.server.api.RestoreRequest;
import org.opendvx.server.api.SnapshotDetail;
import org.opendvx.server.api.SnapshotRequest;
import org.opendvx.server.api.SnapshotView;
import org.opendvx.server.api.SnapshotWriters;
import org.opendvx.server.security.Role;
import org.opendvx.server.service.Counted;
import org.opendvx.server.service.MachineProtection;
import org.opendvx.server.service.SnapshotFilter;
import org.opendvx.server.service.SnapshotPolicies;
import org.opendvx.server.service.SnapshotService;
import org.opendvx.server.service.TaskRegistry;
import org.opendvx.server.service.VmDirectory;

/** Restore points, and what is made from them. */
@Path("api/v1")
@Produces(MediaType.APPLICATION_JSON)
@Consumes(MediaType.APPLICATION_JSON)
public final class SnapshotsResource {
  private static final int MAX_PATHS = 1000;
  private static final int MAX_VMS = 64;

  private final SnapshotService snapshots;
  private final VmDirectory machines;
  private final SnapshotPolicies policies;
  private final TaskRegistry tasks;

  /** Over these services. */
  public SnapshotsResource(
      SnapshotService snapshots,
      VmDirectory machines,
      SnapshotPolicies policies,
      TaskRegistry tasks) {
    this.policies = policies;
    this.snapshots = snapshots;
    this.machines = machines;
    this.tasks = tasks;
  }

  /** A page of snapshots, oldest first. */
  @GET
  @Path("snapshots")
  @Requires(Role.VIEWER)
  public Page<SnapshotView> list(
      @QueryParam("cursor") @Nullable String cursor,
      @QueryParam("limit") @Nullable String limit,
      @QueryParam("name") @Nullable String name,
      @QueryParam("vm") @Nullable String vm,
      @QueryParam("label") List<String> labels,
      @QueryParam("since") @Nullable String since,
      @QueryParam("until") @Nullable String until) {
    SnapshotFilter filter =
        new SnapshotFilter(
            Params.orEmpty(name),
            Params.orEmpty(vm),
            Params.labels(labels),
            Params.time("since", since, Instant.MIN),
            Params.time("until", until, Instant.MAX));
    return snapshots.list(filter, Params.cursor(cursor), Params.limit(limit));
  }

  /** Takes a snapshot of a machine, or of a set of files. */
  @POST
  @Path("snapshots")
  @Requires(Role.OPERATOR)
  public Response create(@Nullable SnapshotRequest body, @Context SecurityContext security) {
    SnapshotRequest request = Params.body(body);
    String name = Params.orEmpty(request.name());
    Map<String, String> labels = Objects.requireNonNullElse(request.labels(), Map.of());
    List<String> paths = Objects.requireNonNullElse(request.paths(), List.of());
    String vm = Params.orEmpty(request.vm());
    List<String> vms = Objects.requireNonNullElse(request.vms(), List.of());
    String group = Params.orEmpty(request.group());
    long kinds =
        Stream.of(vm.isEmpty(), paths.isEmpty(), vms.isEmpty(), group.isEmpty())
            .filter(empty -> !empty)
            .count();
    if (kinds != 1 || paths.size() > MAX_PATHS || vms.size() > MAX_VMS) {
      throw Params.bad(
          "the body",
          "names either vm, 1 to " + MAX_VMS + " vms, a group, or 1 to " + MAX_PATHS + " paths");
    }
    String owner = Answers.owner(security);
    if (!paths.isEmpty()) {
      return Answers.accepted(
          tasks.submit(
              "snapshot.create",
              "snapshot of " + Counted.of(paths.size(), "path"),
              owner,
              _ -> snapshots.ofPaths(paths, name, labels)));
    }
    if (vm.isEmpty()) {
      if (!name.isEmpty()) {
        throw Params.bad("name", "cannot be given to several machines");
      }
      return several(request, owner);
    }
    VmRef ref = machines.resolve(vm);
    SnapshotPolicy policy = policy(request, ref, SnapshotPolicy.TRY);
    return Answers.accepted(
        tasks.submit(
            "snapshot.create",
            "snapshot of " + vm,
            owner,
            progress -> snapshots.ofMachine(ref, name, labels, policy, owner, progress)));
  }

  private Response several(SnapshotRequest request, String owner) {
    String group = Params.orEmpty(request.group());
    List<VmRef> refs;
    SnapshotPolicy usual = SnapshotPolicy.TRY;
    Stragglers stragglers = Params.stragglers(request.stragglers());
    if (group.isEmpty()) {
      refs =
          Objects.requireNonNullElse(request.vms(), List.<String>of()).stream()
              .map(machines::resolve)
              .toList();
    } else {
      SnapshotPolicies.Group stored = policies.group(group);
      refs = stored.vms();
      usual = stored.policy();
      stragglers = request.stragglers() == null ? stored.stragglers() : stragglers;
    }
    Map<VmRef, SnapshotPolicy> each = new LinkedHashMap<>();
    for (VmRef ref : refs) {
      if (each.put(ref, policy(request, ref, usual)) != null) {
        throw Params.bad("vms", "names " + ref + " twice");
      }
    }
    Stragglers rule = stragglers;
    Map<String, String> labels = Objects.requireNonNullElse(request.labels(), Map.of());
    return Answers.accepted(
        tasks.submit(
            "snapshot.create",
            "snapshot of " + each.size() + " machines in one instant",
            owner,
            progress -> snapshots.ofMachines(each, labels, rule, owner, progress)));
  }

  /** Forgets many snapshots. */
  @POST
  @Path("snapshots/prune")
  @Requires(Role.OPERATOR)
  public Response prune(@Nullable PruneRequest body, @Context SecurityContext security) {
    PruneRequest request = Params.body(body);
    SnapshotFilter filter =
        new SnapshotFilter(
            Params.orEmpty(request.name()),
            Params.orEmpty(request.vm()),
            Objects.requireNonNullElse(request.labels(), Map.of()),
            Params.time("since", request.since(), Instant.MIN),
            Params.time("until", request.until(), Instant.MAX));
    if (filter.equals(SnapshotFilter.ALL)) {
      throw Params.bad("the body", "says by name, vm, labels, since or until which snapshots");
    }
    if (request.keep() < 0) {
      throw Params.bad("keep", "is a number from 0 on");
    }
    return Answers.accepted(
        tasks.submit(
            "snapshot.prune",
            "delete snapshots" + (request.dryRun() ? ", only counting" : ""),
            Answers.owner(security),
            progress -> snapshots.prune(filter, request.keep(), request.dryRun(), progress)));
  }

  /** What the request says, else what is stored for the machine, else what is usual. */
  private SnapshotPolicy policy(SnapshotRequest request, VmRef vm, SnapshotPolicy usual) {
    return request.policy() == null
        ? policies.of(vm).orElse(usual)
        : Params.policy(request.policy());
  }

  /** What applications in the guest gave when it was taken. */
  @GET
  @Path("snapshots/{snapshot}/writers")
  @Requires(Role.VIEWER)
  public SnapshotWriters writers(@PathParam("snapshot") String snapshot) {
    return snapshots.writers(snapshots.resolve(snapshot));
  }

  /** A snapshot with its files. */
  @GET
  @Path("snapshots/{snapshot}")
  @Requires(Role.VIEWER)
  public SnapshotDetail get(@PathParam("snapshot") String snapshot) {
    return snapshots.detail(snapshots.resolve(snapshot));
  }

  /** Forgets a snapshot. */
  @DELETE
  @Path("snapshots/{snapshot}")
  @Requires(Role.OPERATOR)
  public void delete(@PathParam("snapshot") String snapshot) {
    snapshots.delete(snapshots.resolve(snapshot));
  }

  /** Brings a machine back in place. */
  @POST
  @Path("restores")
  @Requires(Role.OPERATOR)
  public Response restore(@Nullable RestoreRequest body, @Context SecurityContext security) {
    RestoreRequest request = Params.body(body);
    SnapshotInfo snapshot = snapshots.resolve(Params.required("snapshot", request.snapshot()));
    String vm = Params.orEmpty(request.vm());
    Optional<VmRef> ref = vm.isEmpty() ? Optional.empty() : Optional.of(machines.resolve(vm));
    return Answers.accepted(
        tasks.submit(
            "vm.restore",
            "restore " + (vm.isEmpty() ? "the machine" : vm) + " to " + snapshot.name(),
            Answers.owner(security),
            progress ->
                snapshots.restore(ref, snapshot, request.powerOff(), request.powerOn(), progress)));
  }

  /** Makes a new machine. */
  @POST
  @Path("clones")
  @Requires(Role.OPERATOR)
  public Response clone(@Nullable CloneRequest body, @Context SecurityContext security) {
    CloneRequest request = Params.body(body);
    SnapshotInfo snapshot = snapshots.resolve(Params.required("snapshot", request.snapshot()));
    String name = Params.required("name", request.name());
    return Answers.accepted(
        tasks.submit(
            "vm.clone",
            "clone " + snapshot.name() + " as " + name,
            Answers.owner(security),
            progress ->
                snapshots.clone(
                    snapshot, name, request.powerOn(), keepMacs(request.macs()), progress)));
  }

  /** Makes a machine of another hypervisor. */
  @POST
  @Path("conversions")
  @Requires(Role.OPERATOR)
  public Response convert(@Nullable ConvertRequest body, @Context SecurityContext security) {
    ConvertRequest request = Params.body(body);
    String source = Params.required("source", request.source());
    String to = Params.required("to", request.to());
    if (!to.equals("rhv") && !to.equals("vsphere")) {
      throw Params.bad("to", "is rhv or vsphere");
    }
    Optional<SnapshotInfo> snapshot = snapshots.find(source);
    MachineProtection.Conversion conversion =
        new MachineProtection.Conversion(
            snapshot,
            snapshot.isPresent() ? Optional.empty() : Optional.of(machines.resolve(source)),
            to,
            Params.orEmpty(request.connection()),
            Params.required("name", request.name()),
            Params.orEmpty(request.network()),
            keepMacs(request.macs()),
            request.powerOn());
    return Answers.accepted(
        tasks.submit(
            "vm.convert",
            "convert " + source + " to " + to + " as " + conversion.name(),
            Answers.owner(security),
            progress -> snapshots.convert(conversion, progress)));
  }

  private static boolean keepMacs(@Nullable String policy) {
    return switch (Params.orEmpty(policy)) {
      case "keep" -> true;
      case "", "new" -> false;
      default -> throw Params.bad("macs", "is keep or new");
    };
  }
}
