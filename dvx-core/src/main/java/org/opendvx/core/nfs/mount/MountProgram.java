package org.opendvx.core.nfs.mount;

import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.nfs.access.Export;
import org.opendvx.core.nfs.rpc.NullRequest;
import org.opendvx.core.nfs.rpc.RpcCall;
import org.opendvx.core.nfs.rpc.RpcProgram;
import org.opendvx.core.nfs.rpc.RpcRequest;
import org.opendvx.core.nfs.xdr.XdrReader;

/** The MOUNT program, version 3, with its six procedures. */
public final class MountProgram implements RpcProgram {
  /** The program's number. */
  public static final int NUMBER = 100005;

  private static final int VERSION = 3;
  private static final List<String> NAMES =
      List.of("NULL", "MNT", "DUMP", "UMNT", "UMNTALL", "EXPORT");

  private final MountServices services;

  /** Serves the procedures with these services. */
  public MountProgram(MountServices services) {
    this.services = services;
  }

  @Override
  public int number() {
    return NUMBER;
  }

  @Override
  public int lowestVersion() {
    return VERSION;
  }

  @Override
  public int highestVersion() {
    return VERSION;
  }

  @Override
  public String procedureName(int procedure) {
    return procedure >= 0 && procedure < NAMES.size() ? NAMES.get(procedure) : "UNKNOWN";
  }

  @Override
  public @Nullable RpcRequest<?> decode(RpcCall call, XdrReader in) {
    String client = call.peer().remote().getAddress().getHostAddress();
    return switch (call.procedure()) {
      case 0 -> new NullRequest();
      case 1 -> new Mnt(services, call, in);
      case 2 -> dump();
      case 3 -> {
        services.table().remove(new MountTable.Mount(client, MountPaths.read(in)));
        yield new NullRequest();
      }
      case 4 -> {
        services.table().removeAll(client);
        yield new NullRequest();
      }
      case 5 -> exports(call);
      default -> null;
    };
  }

  private RpcRequest<?> dump() {
    return new ListRequest(
        services.table().all().stream()
            .map(
                mount ->
                    new ListRequest.Row(
                        List.of(bytes(mount.client()), bytes(mount.path())), List.of(), false))
            .toList());
  }

  /** A client sees the exports that it may use. */
  private RpcRequest<?> exports(RpcCall call) {
    return new ListRequest(
        services.exports().all().stream()
            .filter(export -> export.allows(call.peer().client()))
            .map(MountProgram::row)
            .toList());
  }

  private static ListRequest.Row row(Export export) {
    return new ListRequest.Row(
        List.of(bytes(export.path())),
        export.clients().stream().map(network -> bytes(network.text())).toList(),
        true);
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
