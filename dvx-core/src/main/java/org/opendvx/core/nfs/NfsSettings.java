package org.opendvx.core.nfs;

import java.net.InetAddress;
import java.time.Duration;
import java.util.List;
import org.opendvx.core.nfs.access.Export;
import org.opendvx.core.nfs.portmap.PortmapProgram;
import org.opendvx.core.nfs.rpc.RpcLimits;

/**
 * How the NFS server is set up.
 *
 * @param addresses to listen on; the wildcard address for all
 * @param port of NFS and MOUNT; 0 for any that is free
 * @param exports see {@link Export}
 * @param portmapper see {@link Portmapper}
 * @param portmapPort 111, where clients ask
 * @param frontHost this host's lasting name; part of what retransmissions are known by
 * @param threads event loops
 * @param limits see {@link RpcLimits}
 * @param rememberedReplies replies kept for retransmissions of calls that must not be repeated
 * @param rememberedTime how long they are kept
 * @param stopTime for answering what is under way when the server stops
 */
public record NfsSettings(
    List<InetAddress> addresses,
    int port,
    List<Export> exports,
    Portmapper portmapper,
    int portmapPort,
    String frontHost,
    int threads,
    RpcLimits limits,
    int rememberedReplies,
    Duration rememberedTime,
    Duration stopTime) {
  /** The port that NFS clients try without being told. */
  public static final int DEFAULT_PORT = 2049;

  /** What is done about the portmapper. */
  public enum Portmapper {
    /** Nothing: clients must be told the port. */
    OFF,
    /** Served here; where another one has the port, the programs are registered there. */
    AUTO
  }

  /** Checks and takes copies. */
  public NfsSettings {
    addresses = List.copyOf(addresses);
    exports = List.copyOf(exports);
    if (addresses.isEmpty() || threads < 1) {
      throw new IllegalArgumentException("an address and a thread are needed");
    }
  }

  /** For this machine's clients alone, on the usual ports. */
  public static NfsSettings loopback(List<Export> exports) {
    return new NfsSettings(
        List.of(InetAddress.getLoopbackAddress()),
        DEFAULT_PORT,
        exports,
        Portmapper.AUTO,
        PortmapProgram.PORT,
        "localhost",
        Math.clamp(Runtime.getRuntime().availableProcessors(), 1, 8),
        RpcLimits.DEFAULT,
        32_768,
        Duration.ofMinutes(4),
        Duration.ofSeconds(5));
  }

  /** The same on another port, without a portmapper. */
  public NfsSettings onPort(int other) {
    return new NfsSettings(
        addresses,
        other,
        exports,
        Portmapper.OFF,
        portmapPort,
        frontHost,
        threads,
        limits,
        rememberedReplies,
        rememberedTime,
        stopTime);
  }

  /** The same with other limits. */
  public NfsSettings withLimits(RpcLimits other) {
    return new NfsSettings(
        addresses,
        port,
        exports,
        portmapper,
        portmapPort,
        frontHost,
        threads,
        other,
        rememberedReplies,
        rememberedTime,
        stopTime);
  }
}
