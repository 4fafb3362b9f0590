package org.opendvx.core.nfs;

import io.micrometer.core.instrument.MeterRegistry;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.PooledByteBufAllocator;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.datastore.Datastore;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.nfs.NfsStatus.PortmapperState;
import org.opendvx.core.nfs.access.ExportRoots;
import org.opendvx.core.nfs.access.Exports;
import org.opendvx.core.nfs.handle.FileHandles;
import org.opendvx.core.nfs.handle.HandleMac;
import org.opendvx.core.nfs.mount.MountProgram;
import org.opendvx.core.nfs.mount.MountServices;
import org.opendvx.core.nfs.mount.MountTable;
import org.opendvx.core.nfs.portmap.PortMapping;
import org.opendvx.core.nfs.portmap.PortMapping.Protocol;
import org.opendvx.core.nfs.portmap.PortmapProgram;
import org.opendvx.core.nfs.portmap.PortmapRegistration;
import org.opendvx.core.nfs.rpc.RpcProgram;
import org.opendvx.core.nfs.rpc.RpcServer;
import org.opendvx.core.nfs.v3.Nfs3Program;
import org.opendvx.core.nfs.v3.Nfs3Services;
import org.opendvx.core.nfs.v3.ReplyCache;
import org.opendvx.core.nfs.v3.RequestTags;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Serves a datastore over NFSv3: NFS and MOUNT on one port, and the portmapper. {@link #start}
 * once, {@link #close} once; the other methods at any time, from any thread.
 */
public final class NfsServer implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(NfsServer.class);
  private static final int NFS_VERSION = 3;
  private static final int MOUNT_VERSION = 3;

  private final NfsSettings settings;
  private final Exports exports;
  private final ExportRoots roots;
  private final MountTable mounts = new MountTable();
  private final ReplyCache replies;
  private final Nfs3Program nfs;
  private final MountProgram mount;
  private final RpcServer rpc;

  private final List<InetSocketAddress> listening = new ArrayList<>();
  private final List<String> warnings = new ArrayList<>();
  private PortmapperState portmapperState = PortmapperState.OFF;
  private @Nullable PortmapRegistration registration;

  /**
   * Nothing listens yet.
   *
   * @param mac authenticates file handles; with the same key after a restart and on every host
   * @param meters receives the metrics {@code dvx_nfs_*}
   */
  public NfsServer(NfsSettings settings, Datastore datastore, HandleMac mac, MeterRegistry meters) {
    this(settings, datastore, mac, meters, PooledByteBufAllocator.DEFAULT);
  }

  NfsServer(
      NfsSettings settings,
      Datastore datastore,
      HandleMac mac,
      MeterRegistry meters,
      ByteBufAllocator allocator) {
    this.settings = settings;
    this.exports = new Exports(settings.exports());
    this.roots = new ExportRoots(datastore);
    this.replies = new ReplyCache(settings.rememberedReplies(), settings.rememberedTime());
    FileHandles handles = new FileHandles(mac);
    this.nfs =
        new Nfs3Program(
            new Nfs3Services(
                datastore,
                exports,
                roots,
                handles,
                replies,
                new RequestTags(settings.frontHost())));
    this.mount = new MountProgram(new MountServices(datastore, exports, roots, handles, mounts));
    this.rpc =
        new RpcServer(
            settings.threads(),
            settings.limits(),
            new NfsMetrics(meters, nfs),
            datastore::congested,
            allocator,
            exports::allowsAny);
  }

  /**
   * Makes the exported directories where they are missing, then listens.
   *
   * @throws DvxException when an export or an address cannot be had; then nothing listens. Trouble
   *     with the portmapper is a warning in {@link #status}
   */
  public synchronized void start() {
    try {
      settings.exports().forEach(roots::prepare);
      int port = settings.port();
      for (InetAddress address : settings.addresses()) {
        InetSocketAddress bound =
            rpc.listen(new InetSocketAddress(address, port), List.of(nfs, mount));
        port = bound.getPort();
        listening.add(bound);
        rpc.listenUdp(bound, List.of(mount));
      }
    } catch (DvxException e) {
      rpc.stop(settings.stopTime());
      listening.clear();
      throw e;
    }
    log.info("NFS on {} ({})", listening, rpc.transportName());
    if (settings.portmapper() == NfsSettings.Portmapper.AUTO) {
      startPortmapper(mappings(port()));
    }
  }

  /** The port of NFS and MOUNT. */
  public synchronized int port() {
    if (listening.isEmpty()) {
      throw new IllegalStateException("the server does not listen");
    }
    return listening.getFirst().getPort();
  }

  /** See {@link NfsStatus}. */
  public synchronized NfsStatus status() {
    return new NfsStatus(
        List.copyOf(listening),
        rpc.transportName(),
        portmapperState,
        List.copyOf(warnings),
        rpc.connectionCount(),
        List.copyOf(mounts.all()),
        replies.hits());
  }

  /**
   * Why a client could not mount an export, judged by where the server listens and by the lists of
   * allowed clients.
   *
   * @return empty when it could
   */
  public Optional<String> whyRefused(String exportPath, InetAddress client) {
    boolean onlyLoopback = settings.addresses().stream().allMatch(InetAddress::isLoopbackAddress);
    if (onlyLoopback && !client.isLoopbackAddress()) {
      return Optional.of(
          "the NFS server listens on "
              + settings.addresses().stream()
                  .map(InetAddress::getHostAddress)
                  .collect(Collectors.joining(", "))
              + " only, which "
              + client.getHostAddress()
              + " cannot reach");
    }
    return exports.whyRefused(exportPath, client);
  }

  /** Answers what is under way, within the configured time, and stops. */
  @Override
  public void close() {
    PortmapRegistration registered;
    synchronized (this) {
      registered = registration;
      registration = null;
      listening.clear();
      portmapperState = PortmapperState.OFF;
    }
    if (registered != null) {
      registered.unregister().ifPresent(problem -> log.warn("Portmapper: {}", problem));
    }
    rpc.stop(settings.stopTime());
  }

  private void startPortmapper(List<PortMapping> mappings) {
    try {
      servePortmapper(mappings);
      portmapperState = PortmapperState.SERVED;
    } catch (DvxException e) {
      log.info("The portmapper's port is not free: registering there");
      PortmapRegistration with = new PortmapRegistration(settings.portmapPort(), mappings);
      Optional<String> problem = with.register();
      registration = with;
      portmapperState = problem.isEmpty() ? PortmapperState.REGISTERED : PortmapperState.FAILED;
      problem.ifPresent(
          text -> {
            warnings.add(e.getMessage());
            warnings.add(text);
            log.warn("Clients must be told the port, the portmapper cannot tell: {}", text);
          });
    }
  }

  private void servePortmapper(List<PortMapping> mappings) {
    List<PortMapping> all = new ArrayList<>(mappings);
    for (Protocol protocol : Protocol.values()) {
      for (int version = 4; version >= 2; version--) {
        all.add(new PortMapping(PortmapProgram.NUMBER, version, protocol, settings.portmapPort()));
      }
    }
    List<RpcProgram> programs = List.of(new PortmapProgram(all));
    for (InetAddress address : settings.addresses()) {
      InetSocketAddress at = new InetSocketAddress(address, settings.portmapPort());
      rpc.listen(at, programs);
      rpc.listenUdp(at, programs);
    }
  }

  private static List<PortMapping> mappings(int port) {
    return List.of(
        new PortMapping(Nfs3Program.NUMBER, NFS_VERSION, Protocol.TCP, port),
        new PortMapping(MountProgram.NUMBER, MOUNT_VERSION, Protocol.TCP, port),
        new PortMapping(MountProgram.NUMBER, MOUNT_VERSION, Protocol.UDP, port));
  }
}
