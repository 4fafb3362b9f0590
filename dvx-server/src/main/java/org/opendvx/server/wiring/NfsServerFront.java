package org.opendvx.server.wiring;

import io.micrometer.core.instrument.MeterRegistry;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.UnknownHostException;
import java.util.List;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.nfs.NfsServer;
import org.opendvx.core.nfs.NfsSettings;
import org.opendvx.core.nfs.NfsStatus;
import org.opendvx.core.nfs.access.ClientNetwork;
import org.opendvx.core.nfs.access.Export;
import org.opendvx.core.nfs.handle.SipHashMac;
import org.opendvx.server.api.ExportView;
import org.opendvx.server.config.ExportSection;
import org.opendvx.server.config.NfsSection;
import org.opendvx.server.config.NodeConfig;
import org.opendvx.server.node.Store;
import org.opendvx.server.service.NfsFront;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The NFS server as the node sees it. */
final class NfsServerFront implements NfsFront {
  private static final Logger LOG = LoggerFactory.getLogger(NfsServerFront.class);
  private static final String LOOPBACK = "127.0.0.1";
  private static final String DEFAULT_EXPORT = "/dvx";

  private final NfsServer server;
  private final NfsSettings settings;
  private final String address;

  private NfsServerFront(NfsServer server, NfsSettings settings, String address) {
    this.server = server;
    this.settings = settings;
    this.address = address;
  }

  /** Listens. */
  static NfsServerFront start(NodeConfig config, Store store, MeterRegistry meters) {
    NfsSection nfs = config.nfs();
    NfsSettings usual = NfsSettings.loopback(exports(nfs));
    NfsSettings settings =
        new NfsSettings(
            addresses(nfs.listen()),
            nfs.port(),
            usual.exports(),
            withoutPortmapper(nfs) ? NfsSettings.Portmapper.OFF : NfsSettings.Portmapper.AUTO,
            usual.portmapPort(),
            config.node().name(),
            usual.threads(),
            usual.limits(),
            usual.rememberedReplies(),
            usual.rememberedTime(),
            usual.stopTime());
    NfsServer server =
        new NfsServer(settings, store.datastore(), new SipHashMac(store.handleKey()), meters);
    server.start();
    NfsStatus status = server.status();
    if (nfs.portmapper() == NfsSection.Portmapper.ON
        && status.portmapper() == NfsStatus.PortmapperState.FAILED) {
      server.close();
      throw DvxException.of(Kind.UNAVAILABLE, "The portmapper cannot be provided")
          .cause(String.join("; ", status.warnings()))
          .remedy("Free port 111, run rpcbind, or set nfs.portmapper to auto or off")
          .build();
    }
    String told = nfs.listen().equals(NfsSection.LOCALHOST) ? LOOPBACK : nfs.listen();
    return new NfsServerFront(server, settings, told);
  }

  /** Where to listen: {@code localhost} is this machine's loopback in both families. */
  private static List<InetAddress> addresses(String listen) {
    if (!listen.equals(NfsSection.LOCALHOST)) {
      return List.of(address(listen));
    }
    InetAddress six = InetAddress.ofLiteral("::1");
    try (ServerSocket trial = new ServerSocket()) {
      trial.bind(new InetSocketAddress(six, 0));
      return List.of(InetAddress.ofLiteral(LOOPBACK), six);
    } catch (IOException e) {
      LOG.debug("this machine has no IPv6 loopback", e);
      return List.of(InetAddress.ofLiteral(LOOPBACK));
    }
  }

  /** Nobody can rely on a port that is another one each time: it is not told to everybody. */
  private static boolean withoutPortmapper(NfsSection nfs) {
    return switch (nfs.portmapper()) {
      case OFF -> true;
      case AUTO -> nfs.port() == 0;
      case ON -> false;
    };
  }

  private static List<Export> exports(NfsSection nfs) {
    List<ClientNetwork> usual = networks(nfs.clients(), ClientNetwork.LOOPBACK);
    if (nfs.exports().isEmpty()) {
      return List.of(new Export(DEFAULT_EXPORT, "/", usual, null, false, false));
    }
    return nfs.exports().stream().map(export -> export(export, usual)).toList();
  }

  private static Export export(ExportSection export, List<ClientNetwork> usual) {
    return new Export(
        export.path(),
        export.folder(),
        networks(export.clients(), usual),
        export.owner().isEmpty() ? null : new Export.Owner(export.uid(), export.gid()),
        export.readOnly(),
        export.squashRoot());
  }

  private static List<ClientNetwork> networks(List<String> given, List<ClientNetwork> otherwise) {
    return given.isEmpty() ? otherwise : given.stream().map(ClientNetwork::parse).toList();
  }

  private static InetAddress address(String text) {
    try {
      return InetAddress.getByName(text);
    } catch (UnknownHostException e) {
      throw DvxException.of(Kind.INVALID, "The NFS server cannot listen there")
          .cause("There is no address " + text)
          .remedy("Set nfs.listen to an address of this machine")
          .causedBy(e)
          .build();
    }
  }

  @Override
  public String address() {
    return address;
  }

  @Override
  public int port() {
    return server.port();
  }

  @Override
  public int mountPort() {
    return server.port();
  }

  @Override
  public String portmapper() {
    NfsStatus status = server.status();
    return switch (status.portmapper()) {
      case OFF, FAILED -> "";
      case SERVED -> "this node";
      case REGISTERED -> "the system's rpcbind";
    };
  }

  @Override
  public List<ExportView> exports() {
    return settings.exports().stream().map(NfsServerFront::view).toList();
  }

  private static ExportView view(Export export) {
    Export.Owner owner = export.owner();
    return new ExportView(
        export.path(),
        export.clients().stream().map(ClientNetwork::text).toList(),
        owner == null ? "" : owner.uid() + ":" + owner.gid());
  }

  @Override
  public String refusal(String export, String hostAddress) {
    return server.whyRefused(export, address(hostAddress)).orElse("");
  }

  @Override
  public List<String> warnings() {
    return server.status().warnings();
  }

  @Override
  public void close() {
    server.close();
  }
}
