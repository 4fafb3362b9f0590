package org.opendvx.core.nfs;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.opendvx.core.datastore.AttributeChange;
import org.opendvx.core.datastore.Caller;
import org.opendvx.core.datastore.FileKey;
import org.opendvx.core.nfs.Nfs3TestClient.Fattr;
import org.opendvx.core.nfs.access.ClientNetwork;
import org.opendvx.core.nfs.access.Export;
import org.opendvx.core.testing.InMemoryDatastore;

/** What an export's settings allow. */
class ExportAccessTest {
  private static final List<ClientNetwork> ELSEWHERE = List.of(ClientNetwork.parse("192.0.2.0/24"));

  private final InMemoryDatastore datastore = new InMemoryDatastore();

  @Test
  void aClientOfNoExportIsNotLetIn() throws Exception {
    Export export = new Export("/dvx", "/", ELSEWHERE, null, false, false);
    try (TestServer server = new TestServer(TestServer.settings(export), datastore);
        RpcTestClient client = server.rpc()) {
      assertTrue(client.isClosedByServer());
    }
  }

  @Test
  void aClientOfOneExportMayNotUseAnother() throws Exception {
    Export open = Export.loopback("/open");
    Export other = new Export("/other", "/", ELSEWHERE, null, false, false);
    try (TestServer server = new TestServer(TestServer.settings(open, other), datastore);
        Nfs3TestClient client = server.client()) {
      assertEquals(13, client.mount("/other").status());
      assertEquals(13, client.mount("/other/below").status());
      assertEquals(2, client.mount("/nowhere").status());
      assertEquals(0, client.mount("/open").status());
    }
  }

  @Test
  void aHandleDoesNotOutliveThePermission() throws Exception {
    byte[] root;
    try (TestServer server = TestServer.over(datastore);
        Nfs3TestClient client = server.client()) {
      root = client.root("/dvx");
    }
    Export closed = new Export("/dvx", "/", ELSEWHERE, null, false, false);
    try (TestServer server =
            new TestServer(TestServer.settings(closed, Export.loopback("/x")), datastore);
        Nfs3TestClient client = server.client()) {
      assertEquals(13, client.call(1, Nfs3TestClient.handle(root)).status());
    }
    try (TestServer server = new TestServer(TestServer.settings(Export.loopback("/x")), datastore);
        Nfs3TestClient client = server.client()) {
      assertEquals(70, client.call(1, Nfs3TestClient.handle(root)).status(), "no such export");
    }
  }

  @Test
  void handlesSurviveARestart() throws Exception {
    byte[] file;
    try (TestServer server = TestServer.over(datastore);
        Nfs3TestClient client = server.client()) {
      file = client.newFile(client.root("/dvx"), "file");
      client.write(file, 0, new byte[] {1, 2, 3}, 2).ok();
    }
    try (TestServer server = TestServer.over(datastore);
        Nfs3TestClient client = server.client()) {
      assertArrayEquals(new byte[] {1, 2, 3}, client.data(file, 0, 10));
      assertArrayEquals(file, client.find(client.root("/dvx"), "file"));
    }
  }

  @Test
  void aReadOnlyExportRefusesEveryChange() throws Exception {
    Export writable = Export.loopback("/rw");
    Export readOnly = new Export("/ro", "/", ClientNetwork.LOOPBACK, null, true, false);
    try (TestServer server = new TestServer(TestServer.settings(writable, readOnly), datastore);
        Nfs3TestClient client = server.client()) {
      client.newFile(client.root("/rw"), "file");
      byte[] root = client.root("/ro");
      byte[] file = client.find(root, "file");
      assertEquals(30, client.write(file, 0, new byte[1], 2).status());
      assertEquals(30, client.setAttributes(file, Nfs3TestClient.NO_CHANGE, null).status());
      assertEquals(30, client.create(root, "x", 1, Nfs3TestClient.NO_CHANGE).status());
      assertEquals(30, client.makeDirectory(root, "x").status());
      assertEquals(30, client.remove(root, "file").status());
      assertEquals(30, client.rename(root, "file", root, "x").status());
      assertEquals(30, client.link(file, root, "x").status());
      assertEquals(0, client.data(file, 0, 10).length);
      Nfs3TestClient.Result access =
          client.call(4, Nfs3TestClient.handle(file).andThen(out -> out.writeInt(0x3f))).ok();
      access.attributes();
      assertEquals(1, access.body().readInt(), "read and nothing else");
    }
  }

  @Test
  void aPrescribedOwnerOwnsEverything() throws Exception {
    Export export =
        new Export("/rhv", "/rhv", ClientNetwork.LOOPBACK, new Export.Owner(36, 36), false, false);
    try (TestServer server = new TestServer(TestServer.settings(export), datastore);
        Nfs3TestClient client = server.client()) {
      byte[] root = client.as(0, 0).root("/rhv");
      assertOwner(36, client.getAttributes(root));
      byte[] file = client.newFile(root, "by-root");
      assertOwner(36, client.getAttributes(file));
      client.create(root, "asks", 1, Nfs3TestClient.change(0600, 107, null)).ok();
      assertOwner(36, client.getAttributes(client.find(root, "asks")));
      client.as(1000, 1000).write(file, 0, new byte[512], 2).ok();
      client.setAttributes(file, Nfs3TestClient.change(null, 36, null), null).ok();
      assertEquals(
          1, client.setAttributes(file, Nfs3TestClient.change(null, 0, null), null).status());
    }
  }

  @Test
  void squashedRootIsNobody() throws Exception {
    datastore.setAttributes(Caller.SYSTEM, FileKey.ROOT, AttributeChange.mode(0777), null).join();
    Export export = new Export("/dvx", "/", ClientNetwork.LOOPBACK, null, false, true);
    try (TestServer server = new TestServer(TestServer.settings(export), datastore);
        Nfs3TestClient client = server.client()) {
      byte[] root = client.root("/dvx");
      assertOwner(65534, client.getAttributes(client.newFile(root, "by-root")));
      client.as(1000, 1000);
      assertOwner(1000, client.getAttributes(client.newFile(root, "by-user")));
    }
  }

  @Test
  void nobodyClimbsOutOfAnExport() throws Exception {
    Export inner = new Export("/in", "/a/b", ClientNetwork.LOOPBACK, null, false, false);
    try (TestServer server = new TestServer(TestServer.settings(inner), datastore);
        Nfs3TestClient client = server.client()) {
      byte[] root = client.root("/in");
      assertArrayEquals(root, client.find(root, ".."));
      Fattr top = client.getAttributes(root);
      for (Nfs3TestClient.Entry entry : client.entries(root, 0, 8192, 8192).entries()) {
        assertEquals(top.file(), entry.file(), entry.name());
        assertArrayEquals(root, entry.handle());
      }
      byte[] below = client.newDirectory(root, "below");
      assertArrayEquals(root, client.find(below, ".."));
      assertEquals(22, client.mount("/in/..").status());
      assertEquals(22, client.mount("/in/below/../..").status());
    }
  }

  @Test
  void exportsDoNotMix() throws Exception {
    Export one = new Export("/one", "/one", ClientNetwork.LOOPBACK, null, false, false);
    Export two = new Export("/two", "/two", ClientNetwork.LOOPBACK, null, false, false);
    try (TestServer server = new TestServer(TestServer.settings(one, two), datastore);
        Nfs3TestClient client = server.client()) {
      byte[] first = client.root("/one");
      byte[] second = client.root("/two");
      byte[] file = client.newFile(first, "file");
      assertEquals(18, client.rename(first, "file", second, "file").status());
      assertEquals(18, client.link(file, second, "file").status());
      assertFalse(
          client.getAttributes(first).fsid() == client.getAttributes(second).fsid(),
          "two file systems to a client");
    }
  }

  @Test
  void whyRefusedNamesTheReason() throws Exception {
    Export export =
        new Export("/dvx", "/", List.of(ClientNetwork.parse("10.0.0.0/8")), null, false, false);
    NfsSettings loopback = TestServer.settings(export);
    try (TestServer server = new TestServer(loopback, datastore)) {
      String reason = why(server.server, "10.1.1.1");
      assertTrue(reason.contains("listens on 127.0.0.1 only"), reason);
      reason = why(server.server, "127.0.0.1");
      assertTrue(reason.contains("not among the clients") && reason.contains("10.0.0.0/8"), reason);
    }
    NfsSettings everywhere =
        new NfsSettings(
            List.of(InetAddress.ofLiteral("0.0.0.0")),
            0,
            loopback.exports(),
            loopback.portmapper(),
            loopback.portmapPort(),
            loopback.frontHost(),
            1,
            loopback.limits(),
            10,
            loopback.rememberedTime(),
            loopback.stopTime());
    try (TestServer server = new TestServer(everywhere, datastore)) {
      assertTrue(server.server.whyRefused("/dvx", InetAddress.ofLiteral("10.1.1.1")).isEmpty());
      assertTrue(why(server.server, "11.1.1.1").contains("not among the clients"));
      assertTrue(
          server
              .server
              .whyRefused("/other", InetAddress.ofLiteral("10.1.1.1"))
              .orElseThrow()
              .contains("no export"));
    }
  }

  private static String why(NfsServer server, String address) throws IOException {
    return server.whyRefused("/dvx", InetAddress.ofLiteral(address)).orElseThrow();
  }

  private static void assertOwner(int id, Fattr attributes) {
    assertEquals(id, Objects.requireNonNull(attributes).uid());
    assertEquals(id, attributes.gid());
  }
}
