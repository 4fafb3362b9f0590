package org.opendvx.core.nfs;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.net.InetAddress;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.opendvx.core.nfs.access.ClientNetwork;
import org.opendvx.core.nfs.access.Export;
import org.opendvx.core.nfs.handle.SipHashMac;
import org.opendvx.core.testing.InMemoryDatastore;

/**
 * A server over an in-memory datastore, to be tried with foreign clients and load generators:
 * arguments are the port and, to serve the portmapper, {@code portmap}.
 */
final class InMemoryNfsServer {

  private InMemoryNfsServer() {}

  public static void main(String[] arguments) throws Exception {
    List<Export> exports =
        List.of(
            new Export("/dvx", "/", List.of(ClientNetwork.parse("0.0.0.0/0")), null, false, false));
    NfsSettings usual = NfsSettings.loopback(exports);
    boolean portmap = arguments.length > 1 && arguments[1].equals("portmap");
    NfsSettings settings =
        new NfsSettings(
            List.of(InetAddress.ofLiteral("0.0.0.0")),
            Integer.parseInt(arguments[0]),
            exports,
            portmap ? NfsSettings.Portmapper.AUTO : NfsSettings.Portmapper.OFF,
            usual.portmapPort(),
            usual.frontHost(),
            usual.threads(),
            usual.limits(),
            usual.rememberedReplies(),
            usual.rememberedTime(),
            usual.stopTime());
    NfsServer server =
        new NfsServer(
            settings,
            new InMemoryDatastore(),
            new SipHashMac(new byte[16]),
            new SimpleMeterRegistry());
    server.start();
    Runtime.getRuntime().addShutdownHook(new Thread(server::close));
    System.out.println(server.status());
    new CountDownLatch(1).await();
  }
}
