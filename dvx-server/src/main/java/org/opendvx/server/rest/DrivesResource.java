package org.opendvx.server.rest;

import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.DELETE;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;
import org.jspecify.annotations.Nullable;
import org.opendvx.server.api.DriveRequest;
import org.opendvx.server.api.DrivesView;
import org.opendvx.server.security.Role;
import org.opendvx.server.service.DriveService;

/** The drives. What is begun here goes on in the background; the drives tell how far it is. */
@Path("api/v1")
@Produces(MediaType.APPLICATION_JSON)
@Consumes(MediaType.APPLICATION_JSON)
public final class DrivesResource {
  private final DriveService drives;

  /** Over the drives. */
  public DrivesResource(DriveService drives) {
    this.drives = drives;
  }

  /** All of them. */
  @GET
  @Path("drives")
  @Requires(Role.VIEWER)
  public DrivesView list() {
    return drives.view();
  }

  /** Adds one. */
  @POST
  @Path("drives")
  @Requires(Role.ADMIN)
  public DrivesView add(@Nullable DriveRequest body) {
    DriveRequest request = Params.body(body);
    return drives.add(Params.required("path", request.path()));
  }

  /** Puts an empty folder in the place of a lost one. */
  @POST
  @Path("drives/{index}/replacement")
  @Requires(Role.ADMIN)
  public DrivesView replace(@PathParam("index") String index, @Nullable DriveRequest body) {
    return drives.replace(number(index), Params.body(body).path());
  }

  /** Empties one and removes it then. */
  @DELETE
  @Path("drives/{index}")
  @Requires(Role.ADMIN)
  public void remove(@PathParam("index") String index) {
    drives.remove(number(index));
  }

  /** Keeps one that was to be removed. */
  @POST
  @Path("drives/{index}/keep")
  @Requires(Role.ADMIN)
  public DrivesView keep(@PathParam("index") String index) {
    return drives.keep(number(index));
  }

  /** Waits no longer for those that are lost. */
  @POST
  @Path("drives/rebuild")
  @Requires(Role.ADMIN)
  public DrivesView rebuild() {
    return drives.rebuild();
  }

  /** Moves shards until all are about equally full. */
  @POST
  @Path("drives/balance")
  @Requires(Role.ADMIN)
  public DrivesView balance() {
    return drives.balance();
  }

  /** Begins to read everything. */
  @POST
  @Path("drives/scrub")
  @Requires(Role.OPERATOR)
  public DrivesView scrub() {
    return drives.scrub();
  }

  private static int number(String index) {
    if (!index.matches("\\d{1,4}")) {
      throw Params.bad("index", "is the number of a drive");
    }
    return Integer.parseInt(index);
  }
}
