package org.opendvx.server.rest;

import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.DELETE;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import jakarta.ws.rs.core.SecurityContext;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.opendvx.server.api.DiskRequest;
import org.opendvx.server.api.FreezeRequest;
import org.opendvx.server.api.FreezeView;
import org.opendvx.server.api.HostOutcomes;
import org.opendvx.server.api.HostView;
import org.opendvx.server.api.HypervisorRequest;
import org.opendvx.server.api.HypervisorView;
import org.opendvx.server.api.MountRequest;
import org.opendvx.server.api.Page;
import org.opendvx.server.api.RoleRequest;
import org.opendvx.server.api.RoleView;
import org.opendvx.server.security.Role;
import org.opendvx.server.service.DatastoreMounts;
import org.opendvx.server.service.HypervisorConnector;
import org.opendvx.server.service.HypervisorRegistry;
import org.opendvx.server.service.HypervisorSettings;
import org.opendvx.server.service.TaskRegistry;

/** Connections to virtualisation managers, and the datastore on their hosts. */
@Path("api/v1/hypervisors")
@Produces(MediaType.APPLICATION_JSON)
@Consumes(MediaType.APPLICATION_JSON)
public final class HypervisorsResource {
  private static final String ROLE = "OpenDVX";

  private final HypervisorRegistry hypervisors;
  private final DatastoreMounts mounts;
  private final TaskRegistry tasks;

  /** Over these services. */
  public HypervisorsResource(
      HypervisorRegistry hypervisors, DatastoreMounts mounts, TaskRegistry tasks) {
    this.hypervisors = hypervisors;
    this.mounts = mounts;
    this.tasks = tasks;
  }

  /** All connections. */
  @GET
  @Requires(Role.VIEWER)
  public Page<HypervisorView> list() {
    return new Page<>(hypervisors.list(), null);
  }

  /** Makes a connection after trying it. */
  @POST
  @Requires(Role.ADMIN)
  public Response add(@Nullable HypervisorRequest body) {
    HypervisorRequest request = Params.body(body);
    HypervisorView view =
        hypervisors.add(
            Params.required("name", request.name()),
            Objects.requireNonNullElse(request.kind(), HypervisorSettings.VCENTER),
            Params.required("url", request.url()),
            Params.required("user", request.user()),
            Params.required("password", request.password()),
            Params.orEmpty(request.certificateSha256()),
            Params.orEmpty(request.authority()));
    return Response.status(Response.Status.CREATED).entity(view).build();
  }

  /** One connection. */
  @GET
  @Path("{name}")
  @Requires(Role.VIEWER)
  public HypervisorView get(@PathParam("name") String name) {
    return hypervisors.view(name);
  }

  /** Forgets a connection. */
  @DELETE
  @Path("{name}")
  @Requires(Role.ADMIN)
  public void remove(@PathParam("name") String name) {
    hypervisors.remove(name);
  }

  /** The hosts, and whether they have the datastore. */
  @GET
  @Path("{name}/hosts")
  @Requires(Role.VIEWER)
  public Page<HostView> hosts(@PathParam("name") String name) {
    return new Page<>(mounts.hosts(name), null);
  }

  /** Mounts the datastore. */
  @POST
  @Path("{name}/mounts")
  @Requires(Role.ADMIN)
  public Response mount(
      @PathParam("name") String name,
      @Nullable MountRequest body,
      @Context SecurityContext security) {
    MountRequest request = Params.body(body);
    String summary = "mount the datastore on hosts of " + name;
    return submit(
        name,
        "datastore.mount",
        summary,
        security,
        _ -> new HostOutcomes(mounts.mount(name, request)));
  }

  /** Unmounts the datastore. */
  @POST
  @Path("{name}/unmounts")
  @Requires(Role.ADMIN)
  public Response unmount(
      @PathParam("name") String name,
      @Nullable MountRequest body,
      @Context SecurityContext security) {
    MountRequest request = Params.body(body);
    String summary = "unmount the datastore from hosts of " + name;
    return submit(
        name,
        "datastore.unmount",
        summary,
        security,
        _ -> new HostOutcomes(mounts.unmount(name, request)));
  }

  /** Takes up the datastore and its machines in a manager that lost them. */
  @POST
  @Path("{name}/imports")
  @Requires(Role.ADMIN)
  public Response importDatastore(
      @PathParam("name") String name,
      @Nullable MountRequest body,
      @Context SecurityContext security) {
    MountRequest request = Params.body(body);
    String summary = "import the datastore into " + name;
    return submit(
        name, "datastore.import", summary, security, _ -> mounts.importInto(name, request));
  }

  /** The machines that the manager may freeze for a snapshot. */
  @GET
  @Path("{name}/freezes")
  @Requires(Role.VIEWER)
  public FreezeView freezes(@PathParam("name") String name) {
    return hypervisors.ask(name, HypervisorConnector.Connection::freezes);
  }

  /** Agrees to freezes of a machine by the manager, or takes that back. */
  @POST
  @Path("{name}/freezes")
  @Requires(Role.ADMIN)
  public FreezeView setFreeze(@PathParam("name") String name, @Nullable FreezeRequest body) {
    FreezeRequest request = Params.body(body);
    String vm = Params.required("vm", request.vm());
    boolean allowed = Boolean.TRUE.equals(request.allowed());
    return hypervisors.ask(name, connection -> connection.setFreeze(vm, allowed));
  }

  /** Makes a new disk, attached to nothing, of a disk in a snapshot. */
  @POST
  @Path("{name}/disks")
  @Requires(Role.OPERATOR)
  public Response makeDisk(
      @PathParam("name") String name,
      @Nullable DiskRequest body,
      @Context SecurityContext security) {
    DiskRequest request = Params.body(body);
    String snapshot = Params.required("snapshot", request.snapshot());
    String disk = Params.required("disk", request.disk());
    String alias = Params.required("alias", request.alias());
    String summary = "restore a disk of " + snapshot + " as " + alias;
    return submit(
        name,
        "disk.restore",
        summary,
        security,
        _ -> hypervisors.ask(name, each -> each.makeDisk(snapshot, disk, alias)));
  }

  /** Makes the least-privilege role in the virtualisation manager. */
  @POST
  @Path("{name}/roles")
  @Requires(Role.ADMIN)
  public RoleView createRole(@PathParam("name") String name, @Nullable RoleRequest body) {
    String role = Objects.requireNonNullElse(Params.body(body).name(), ROLE);
    return new RoleView(role, hypervisors.createRole(name, role));
  }

  /** Begins a task for a connection, which must be there. */
  private Response submit(
      String name, String kind, String summary, SecurityContext security, TaskRegistry.Work work) {
    hypervisors.view(name);
    return Answers.accepted(tasks.submit(kind, summary, Answers.owner(security), work));
  }
}
