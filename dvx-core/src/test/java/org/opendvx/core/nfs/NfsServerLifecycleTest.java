package org.opendvx.core.nfs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.nfs.access.Export;
import org.opendvx.core.nfs.handle.SipHashMac;
import org.opendvx.core.testing.InMemoryDatastore;

class NfsServerLifecycleTest {

  @Test
  void stoppingAnswersWhatIsUnderWay() throws Exception {
    Queue<Runnable> held = new ConcurrentLinkedQueue<>();
    LateDatastore late =
        new LateDatastore(new InMemoryDatastore(), held::add, name -> name.equals("write"));
    try (TestServer server = TestServer.over(late.datastore());
        Nfs3TestClient client = server.client()) {
      int port = server.port();
      byte[] file = client.newFile(client.root("/dvx"), "file");
      client.rpc.send(
          client.rpc.message(
              1, Nfs3TestClient.NFS, 3, 7, Nfs3TestClient.write(file, 0, 3, new byte[3], 2)));
      Waiting.until("the write is under way", () -> held.size() == 1);
      Thread stopping = Thread.startVirtualThread(server.server::close);
      Waiting.until(
          "nobody can connect",
          () -> {
            try (RpcTestClient refused = new RpcTestClient(port)) {
              return refused.isClosedByServer();
            } catch (IOException e) {
              return true;
            }
          });
      held.remove().run();
      assertEquals(1, client.rpc.receive().xid(), "the write's reply");
      assertTrue(client.rpc.isClosedByServer());
      assertTrue(stopping.join(Duration.ofSeconds(10)));
    }
  }

  @Test
  void workThatNeverEndsDoesNotHoldTheStopUp() throws Exception {
    Queue<Runnable> held = new ConcurrentLinkedQueue<>();
    LateDatastore late =
        new LateDatastore(new InMemoryDatastore(), held::add, name -> name.equals("read"));
    long start = System.nanoTime();
    try (TestServer server = TestServer.over(late.datastore());
        Nfs3TestClient client = server.client()) {
      byte[] file = client.newFile(client.root("/dvx"), "file");
      client.rpc.send(
          client.rpc.message(
              1,
              Nfs3TestClient.NFS,
              3,
              6,
              Nfs3TestClient.handle(file).andThen(out -> out.writeLong(0).writeInt(4096))));
      Waiting.until("the read is under way", () -> held.size() == 1);
      server.server.close();
      held.remove().run(); // gives the buffer back, which closing the fixture checks
    }
    long seconds = TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - start);
    assertTrue(seconds < 15, seconds + " s");
  }

  @Test
  void aPortThatIsTakenIsAClearError() throws Exception {
    try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      NfsSettings settings =
          TestServer.settings(Export.loopback("/dvx")).onPort(taken.getLocalPort());
      NfsServer server =
          new NfsServer(
              settings,
              new InMemoryDatastore(),
              new SipHashMac(TestServer.KEY),
              new SimpleMeterRegistry());
      DvxException refused = assertThrows(DvxException.class, server::start);
      assertTrue(refused.render().contains("Cannot listen"), refused.render());
    }
  }

  @Test
  void requestsAreCountedByProcedureAndStatus() throws Exception {
    try (TestServer server = TestServer.empty();
        Nfs3TestClient client = server.client()) {
      byte[] root = client.root("/dvx");
      for (int i = 0; i < 5; i++) {
        client.getAttributes(root);
      }
      client.lookup(root, "nothing");
      assertEquals(
          5,
          server
              .meters
              .get("dvx.nfs.requests")
              .tags("procedure", "GETATTR", "status", "OK")
              .counter()
              .count());
      assertEquals(
          1,
          server
              .meters
              .get("dvx.nfs.requests")
              .tags("procedure", "LOOKUP", "status", "NOENT")
              .counter()
              .count());
      assertEquals(
          5, server.meters.get("dvx.nfs.request").tags("procedure", "GETATTR").timer().count());
      assertEquals(1, server.meters.get("dvx.nfs.connections").gauge().value());
      assertTrue(
          server.meters.get("dvx.nfs.bytes").tags("direction", "in").counter().count() > 500);
    }
  }
}
