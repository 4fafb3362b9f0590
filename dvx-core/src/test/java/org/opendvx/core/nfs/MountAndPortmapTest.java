package org.opendvx.core.nfs;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.opendvx.core.nfs.NfsStatus.PortmapperState;
import org.opendvx.core.nfs.access.Export;
import org.opendvx.core.nfs.xdr.Xdr;
import org.opendvx.core.nfs.xdr.XdrReader;
import org.opendvx.core.testing.InMemoryDatastore;

/** MOUNT over TCP and UDP, and the portmapper. */
class MountAndPortmapTest {
  private static final int MOUNT = Nfs3TestClient.MOUNT;
  private static final int PORTMAP = 100000;

  @Test
  void mountGivesHandlesOfDirectoriesBelowTheExport() throws Exception {
    try (TestServer server = TestServer.empty();
        Nfs3TestClient client = server.client()) {
      byte[] root = client.root("/dvx");
      byte[] below = client.newDirectory(root, "below");
      client.newFile(root, "file");
      assertArrayEquals(below, client.root("/dvx/below"));
      assertArrayEquals(below, client.root("//dvx/below/"));
      assertEquals(2, client.mount("/dvx/nothing").status());
      assertEquals(20, client.mount("/dvx/file").status());
      assertEquals(20, client.mount("/dvx/file/x").status());
      Nfs3TestClient.Result mounted = client.mount("/dvx").ok();
      mounted.handle();
      assertEquals(1, mounted.body().readInt(), "one flavour");
      assertEquals(1, mounted.body().readInt(), "AUTH_SYS");
    }
  }

  @Test
  void dumpKnowsWhoMountedAndExportWhatThereIs() throws Exception {
    try (TestServer server = TestServer.empty();
        Nfs3TestClient client = server.client()) {
      client.newDirectory(client.root("/dvx"), "d");
      client.mount("/dvx/d").ok();
      assertEquals(List.of("127.0.0.1 /dvx", "127.0.0.1 /dvx/d"), dump(client));
      client.rpc.call(MOUNT, 3, 3, out -> Xdr.writeOpaque(out, Nfs3TestClient.bytes("/dvx/d")));
      assertEquals(List.of("127.0.0.1 /dvx"), dump(client));
      client.rpc.call(MOUNT, 3, 4, Nfs3TestClient.NO_ARGUMENTS);
      assertEquals(List.of(), dump(client));

      XdrReader exports = client.rpc.call(MOUNT, 3, 5, Nfs3TestClient.NO_ARGUMENTS).body();
      assertTrue(exports.readBoolean());
      assertEquals("/dvx", string(exports));
      assertTrue(exports.readBoolean());
      assertEquals("127.0.0.0/8", string(exports));
      assertTrue(exports.readBoolean());
      assertEquals("::1", string(exports));
      assertFalse(exports.readBoolean());
      assertFalse(exports.readBoolean());
      assertEquals(0, exports.remaining());
    }
  }

  private static List<String> dump(Nfs3TestClient client) throws Exception {
    XdrReader body = client.rpc.call(MOUNT, 3, 2, Nfs3TestClient.NO_ARGUMENTS).body();
    List<String> mounts = new ArrayList<>();
    while (body.readBoolean()) {
      mounts.add(string(body) + " " + string(body));
    }
    return mounts;
  }

  @Test
  void mountWorksOverUdp() throws Exception {
    try (TestServer server = TestServer.empty();
        Nfs3TestClient client = server.client()) {
      byte[] root = client.root("/dvx");
      XdrReader reply =
          udp(
              server.port(),
              client.rpc.message(
                  3, MOUNT, 3, 1, out -> Xdr.writeOpaque(out, Nfs3TestClient.bytes("/dvx"))));
      assertEquals(0, reply.readInt());
      assertArrayEquals(root, reply.readOpaque(64));
    }
  }

  @Test
  void thePortmapperTellsThePortsInAllItsVersions() throws Exception {
    int port = freePort();
    try (TestServer server = new TestServer(withPortmapper(port), new InMemoryDatastore());
        RpcTestClient client = new RpcTestClient(port)) {
      assertEquals(PortmapperState.SERVED, server.server.status().portmapper());
      assertEquals(server.port(), getPort(client, 100003, 3, 6));
      assertEquals(server.port(), getPort(client, MOUNT, 3, 6));
      assertEquals(server.port(), getPort(client, MOUNT, 3, 17));
      assertEquals(0, getPort(client, 100003, 3, 17), "NFS is not served over UDP");
      assertEquals(0, getPort(client, 100021, 4, 6), "no lock manager");
      assertEquals(0, client.call(PORTMAP, 2, 1, out -> out.writeZero(16)).body().readInt());
      assertEquals(3, client.call(PORTMAP, 2, 5, out -> out.writeZero(16)).state(), "no CALLIT");

      XdrReader address =
          client
              .call(
                  PORTMAP,
                  4,
                  3,
                  out -> {
                    out.writeInt(100003).writeInt(3);
                    Xdr.writeOpaque(out, Nfs3TestClient.bytes("tcp"));
                    out.writeLong(0);
                  })
              .body();
      assertEquals(
          "127.0.0.1." + (server.port() >> 8) + "." + (server.port() & 0xff), string(address));

      XdrReader byUdp =
          udp(
              port,
              client.message(
                  8,
                  PORTMAP,
                  2,
                  3,
                  out -> out.writeInt(100003).writeInt(3).writeInt(6).writeInt(0)));
      assertEquals(server.port(), byUdp.readInt());
    }
  }

  @Test
  void aPortmapperThatCannotBeHadIsAWarning() throws Exception {
    try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        TestServer server =
            new TestServer(withPortmapper(taken.getLocalPort()), new InMemoryDatastore());
        Nfs3TestClient client = server.client()) {
      assertEquals(PortmapperState.FAILED, server.server.status().portmapper());
      assertFalse(server.server.status().warnings().isEmpty());
      client.root("/dvx");
    }
  }

  static NfsSettings withPortmapper(int port) {
    NfsSettings usual = NfsSettings.loopback(List.of(Export.loopback("/dvx")));
    return new NfsSettings(
        usual.addresses(),
        0,
        usual.exports(),
        NfsSettings.Portmapper.AUTO,
        port,
        usual.frontHost(),
        usual.threads(),
        usual.limits(),
        usual.rememberedReplies(),
        usual.rememberedTime(),
        usual.stopTime());
  }

  private static int getPort(RpcTestClient client, int program, int version, int protocol)
      throws Exception {
    return client
        .call(
            PORTMAP,
            2,
            3,
            out -> out.writeInt(program).writeInt(version).writeInt(protocol).writeInt(0))
        .body()
        .readInt();
  }

  /** Sends a call in a datagram; the body of the reply. */
  private static XdrReader udp(int port, ByteBuf call) throws Exception {
    try (DatagramSocket socket = new DatagramSocket()) {
      socket.setSoTimeout(10_000);
      byte[] bytes = new byte[call.readableBytes()];
      call.readBytes(bytes);
      socket.send(new DatagramPacket(bytes, bytes.length, InetAddress.getLoopbackAddress(), port));
      DatagramPacket reply = new DatagramPacket(new byte[2000], 2000);
      socket.receive(reply);
      XdrReader in = XdrReader.over(Unpooled.wrappedBuffer(reply.getData(), 0, reply.getLength()));
      in.takePadded(20);
      assertEquals(0, in.readInt(), "accept state");
      return in;
    }
  }

  private static int freePort() throws Exception {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  private static String string(XdrReader in) {
    return new String(in.readOpaque(1024), StandardCharsets.UTF_8);
  }
}
