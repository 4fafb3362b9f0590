package org.opendvx.server.wiring;

import io.micrometer.core.instrument.MeterRegistry;
import java.net.InetAddress;
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

/** The NFS server as the node sees it. */
final class NfsServerFront implements NfsFront {
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
            List.of(address(nfs.listen())),
            nfs.port(),
            usual.exports(),
            nfs.portmapper() == NfsSection.Portmapper.OFF
                ? NfsSettings.Portmapper.OFF
                : NfsSettings.Portmapper.AUTO,
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
    return new NfsServerFront(server, settings, nfs.listen());
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
