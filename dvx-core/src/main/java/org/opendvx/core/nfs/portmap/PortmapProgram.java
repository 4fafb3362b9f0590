package org.opendvx.core.nfs.portmap;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.nfs.portmap.PortMapping.Protocol;
import org.opendvx.core.nfs.rpc.NullRequest;
import org.opendvx.core.nfs.rpc.RpcCall;
import org.opendvx.core.nfs.rpc.RpcProgram;
import org.opendvx.core.nfs.rpc.RpcRequest;
import org.opendvx.core.nfs.xdr.Xdr;
import org.opendvx.core.nfs.xdr.XdrReader;

/**
 * The portmapper, program 100000: version 2 (RFC 1833, section 3), and of versions 3 and 4 what
 * libtirpc asks. It tells of this server's programs only; nobody can register others, and calls are
 * not passed on.
 */
public final class PortmapProgram implements RpcProgram {
  /** The program's number. */
  public static final int NUMBER = 100000;

  /** Its usual port. */
  public static final int PORT = 111;

  private static final int LOWEST = 2;
  private static final int HIGHEST = 4;
  private static final int MAX_STRING = 128;
  private static final String OWNER = "opendvx";

  private final List<PortMapping> mappings;

  /** Tells of these, and of itself. */
  public PortmapProgram(List<PortMapping> mappings) {
    this.mappings = List.copyOf(mappings);
  }

  @Override
  public int number() {
    return NUMBER;
  }

  @Override
  public int lowestVersion() {
    return LOWEST;
  }

  @Override
  public int highestVersion() {
    return HIGHEST;
  }

  @Override
  public String procedureName(int procedure) {
    return switch (procedure) {
      case 0 -> "NULL";
      case 1 -> "SET";
      case 2 -> "UNSET";
      case 3 -> "GETPORT";
      case 4 -> "DUMP";
      case 6 -> "GETTIME";
      case 9 -> "GETVERSADDR";
      default -> "UNKNOWN";
    };
  }

  @Override
  public @Nullable RpcRequest<?> decode(RpcCall call, XdrReader in) {
    boolean old = call.version() == LOWEST;
    return switch (call.procedure()) {
      case 0 -> new NullRequest();
      case 1, 2 -> new FixedReply(out -> Xdr.writeBoolean(out, false));
      case 3 -> old ? port(in) : address(call, in);
      case 4 -> old ? dump() : dumpAddresses(call);
      case 6 ->
          old
              ? null
              : new FixedReply(out -> out.writeInt((int) (System.currentTimeMillis() / 1000)));
      case 9 -> call.version() == HIGHEST ? address(call, in) : null;
      default -> null;
    };
  }

  private RpcRequest<?> port(XdrReader in) {
    int program = in.readInt();
    int version = in.readInt();
    int protocol = in.readInt();
    in.readInt();
    int port =
        find(program, version, protocol == Protocol.UDP.number() ? Protocol.UDP : Protocol.TCP)
            .filter(mapping -> mapping.protocol().number() == protocol)
            .map(PortMapping::port)
            .orElse(0);
    return new FixedReply(out -> out.writeInt(port));
  }

  private RpcRequest<?> address(RpcCall call, XdrReader in) {
    int program = in.readInt();
    int version = in.readInt();
    String netId = new String(in.readOpaque(MAX_STRING), StandardCharsets.US_ASCII);
    in.readOpaque(MAX_STRING);
    in.readOpaque(MAX_STRING);
    Protocol protocol = netId.startsWith("udp") ? Protocol.UDP : Protocol.TCP;
    String address =
        find(program, version, protocol)
            .map(mapping -> UniversalAddress.of(call.peer(), mapping.port()))
            .orElse("");
    return new FixedReply(out -> Xdr.writeOpaque(out, ascii(address)));
  }

  /** With the wanted version, else any: the program itself says which versions it has. */
  private Optional<PortMapping> find(int program, int version, Protocol protocol) {
    List<PortMapping> ofProgram =
        mappings.stream()
            .filter(each -> each.program() == program && each.protocol() == protocol)
            .toList();
    return ofProgram.stream()
        .filter(each -> each.version() == version)
        .findFirst()
        .or(() -> ofProgram.stream().findFirst());
  }

  private RpcRequest<?> dump() {
    return new FixedReply(
        out -> {
          for (PortMapping each : mappings) {
            out.writeInt(1);
            out.writeInt(each.program()).writeInt(each.version());
            out.writeInt(each.protocol().number()).writeInt(each.port());
          }
          out.writeInt(0);
        });
  }

  private RpcRequest<?> dumpAddresses(RpcCall call) {
    boolean ipv6 = UniversalAddress.isIpv6(call.peer());
    return new FixedReply(
        out -> {
          for (PortMapping each : mappings) {
            out.writeInt(1);
            out.writeInt(each.program()).writeInt(each.version());
            Xdr.writeOpaque(out, ascii(each.protocol().netId(ipv6)));
            Xdr.writeOpaque(out, ascii(UniversalAddress.of(call.peer(), each.port())));
            Xdr.writeOpaque(out, ascii(OWNER));
          }
          out.writeInt(0);
        });
  }

  private static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }
}
