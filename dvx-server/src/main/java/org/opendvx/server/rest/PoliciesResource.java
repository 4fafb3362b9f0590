package org.opendvx.server.rest;

import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.DELETE;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.PUT;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.MediaType;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.vm.SnapshotPolicy;
import org.opendvx.core.vm.VmRef;
import org.opendvx.server.api.GroupRequest;
import org.opendvx.server.api.GroupView;
import org.opendvx.server.api.Page;
import org.opendvx.server.api.PolicyRequest;
import org.opendvx.server.api.PolicyView;
import org.opendvx.server.security.Role;
import org.opendvx.server.service.EventLog;
import org.opendvx.server.service.SnapshotPolicies;
import org.opendvx.server.service.VmDirectory;

/** What snapshots do about guests when their request does not say. */
@Path("api/v1")
@Produces(MediaType.APPLICATION_JSON)
@Consumes(MediaType.APPLICATION_JSON)
public final class PoliciesResource {
  private final SnapshotPolicies policies;
  private final VmDirectory machines;
  private final EventLog events;

  /** Over these. */
  public PoliciesResource(SnapshotPolicies policies, VmDirectory machines, EventLog events) {
    this.policies = policies;
    this.machines = machines;
    this.events = events;
  }

  /**
   * The machines that have a policy of their own.
   *
   * @param vm only what counts for this machine, stored or not
   */
  @GET
  @Path("policies")
  @Requires(Role.VIEWER)
  public Page<PolicyView> list(@QueryParam("vm") @Nullable String vm) {
    if (vm != null) {
      VmRef ref = machines.resolve(vm);
      return new Page<>(List.of(view(ref, policies.of(ref).orElse(SnapshotPolicy.TRY))), null);
    }
    return new Page<>(
        policies.machines().entrySet().stream()
            .map(each -> view(each.getKey(), each.getValue()))
            .toList(),
        null);
  }

  /** Stores a machine's policy. */
  @PUT
  @Path("policies")
  @Requires(Role.OPERATOR)
  public PolicyView set(@Nullable PolicyRequest body) {
    PolicyRequest request = Params.body(body);
    VmRef vm = machines.resolve(Params.required("vm", request.vm()));
    Optional<SnapshotPolicy> policy = Optional.ofNullable(request.policy()).map(Params::policy);
    policies.set(vm, policy);
    PolicyView view = view(vm, policy.orElse(SnapshotPolicy.TRY));
    events.add(EventLog.Severity.INFO, "policy.set", view.vm(), "snapshots: " + view.policy());
    return view;
  }

  /** All groups. */
  @GET
  @Path("groups")
  @Requires(Role.VIEWER)
  public Page<GroupView> groups() {
    return new Page<>(policies.groups().stream().map(PoliciesResource::view).toList(), null);
  }

  /** A group. */
  @GET
  @Path("groups/{group}")
  @Requires(Role.VIEWER)
  public GroupView group(@PathParam("group") String group) {
    return view(policies.group(group));
  }

  /** Stores a group. */
  @PUT
  @Path("groups/{group}")
  @Requires(Role.OPERATOR)
  public GroupView put(@PathParam("group") String group, @Nullable GroupRequest body) {
    GroupRequest request = Params.body(body);
    List<VmRef> vms =
        Objects.requireNonNullElse(request.vms(), List.<String>of()).stream()
            .map(machines::resolve)
            .toList();
    policies.put(
        new SnapshotPolicies.Group(
            group, vms, Params.policy(request.policy()), Params.stragglers(request.stragglers())));
    GroupView view = view(policies.group(group));
    events.add(
        EventLog.Severity.INFO, "group.set", group, vms.size() + " machines, " + view.policy());
    return view;
  }

  /** Forgets a group. */
  @DELETE
  @Path("groups/{group}")
  @Requires(Role.OPERATOR)
  public void remove(@PathParam("group") String group) {
    policies.remove(group);
    events.add(EventLog.Severity.INFO, "group.removed", group, "the group was forgotten");
  }

  private static PolicyView view(VmRef vm, SnapshotPolicy policy) {
    return new PolicyView(vm.toString(), SnapshotPolicies.word(policy));
  }

  private static GroupView view(SnapshotPolicies.Group group) {
    return new GroupView(
        group.name(),
        group.vms().stream().map(VmRef::toString).toList(),
        SnapshotPolicies.word(group.policy()),
        SnapshotPolicies.word(group.stragglers()));
  }
}
