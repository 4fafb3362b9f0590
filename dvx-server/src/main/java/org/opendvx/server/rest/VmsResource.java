package org.opendvx.server.rest;

import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.MediaType;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.vm.VmRef;
import org.opendvx.server.api.VmDetail;
import org.opendvx.server.api.VmList;
import org.opendvx.server.security.Role;
import org.opendvx.server.service.VmDirectory;

/** Virtual machines. */
@Path("api/v1/vms")
@Produces(MediaType.APPLICATION_JSON)
public final class VmsResource {
  private final VmDirectory machines;

  /** Over this directory. */
  public VmsResource(VmDirectory machines) {
    this.machines = machines;
  }

  /** Machines by connection and name. */
  @GET
  @Requires(Role.VIEWER)
  public VmList list(
      @QueryParam("hypervisor") @Nullable String hypervisor,
      @QueryParam("name") @Nullable String name,
      @QueryParam("all") boolean all) {
    return machines.list(Params.orEmpty(hypervisor), Params.orEmpty(name), all);
  }

  /** The machine that a name stands for. */
  @GET
  @Path("{vm}")
  @Requires(Role.VIEWER)
  public VmDetail find(@PathParam("vm") String vm) {
    return machines.describe(machines.resolve(vm));
  }

  /** One machine by its id. */
  @GET
  @Path("{hypervisor}/{id}")
  @Requires(Role.VIEWER)
  public VmDetail get(@PathParam("hypervisor") String hypervisor, @PathParam("id") String id) {
    return machines.describe(new VmRef(hypervisor, id));
  }
}
