package org.opendvx.core.nfs;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.micrometer.core.instrument.Timer;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.SocketException;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.Test;
import org.opendvx.core.datastore.FileKey;
import org.opendvx.core.nfs.access.Export;
import org.opendvx.core.nfs.rpc.RpcLimits;
import org.opendvx.core.nfs.xdr.Xdr;
import org.opendvx.core.testing.InMemoryDatastore;

/** RPC over TCP: answers that RFC 5531 prescribes, fragments, pipelines, limits. */
class RpcProtocolTest {
  private static final int NFS = Nfs3TestClient.NFS;
  private static final int LAST = 1 << 31;

  private final InMemoryDatastore datastore = new InMemoryDatastore();

  @Test
  void unknownProgramsVersionsAndProceduresAreToldApart() throws Exception {
    try (TestServer server = TestServer.empty();
        RpcTestClient client = server.rpc()) {
      assertEquals(1, client.call(100227, 3, 0, Nfs3TestClient.NO_ARGUMENTS).state());
      RpcTestClient.Reply mismatch = client.call(NFS, 4, 0, Nfs3TestClient.NO_ARGUMENTS);
      assertEquals(2, mismatch.state());
      assertEquals(3, mismatch.body().readInt());
      assertEquals(3, mismatch.body().readInt());
      assertEquals(3, client.call(NFS, 3, 22, Nfs3TestClient.NO_ARGUMENTS).state());
      assertEquals(3, client.call(NFS, 3, -1, Nfs3TestClient.NO_ARGUMENTS).state());
      assertEquals(0, client.call(NFS, 3, 0, Nfs3TestClient.NO_ARGUMENTS).state());
    }
  }

  @Test
  void argumentsThatMakeNoSenseAreGarbage() throws Exception {
    try (TestServer server = TestServer.empty();
        RpcTestClient client = server.rpc()) {
      for (int procedure = 1; procedure < 22; procedure++) {
        assertEquals(4, client.call(NFS, 3, procedure, out -> out.writeInt(-1)).state());
        assertEquals(4, client.call(NFS, 3, procedure, Nfs3TestClient.NO_ARGUMENTS).state());
      }
    }
  }

  @Test
  void otherRpcVersionsAndForeignCredentialsAreDenied() throws Exception {
    try (TestServer server = TestServer.empty();
        RpcTestClient client = server.rpc()) {
      client.send(Unpooled.buffer().writeInt(1).writeInt(0).writeInt(3).writeZero(28));
      RpcTestClient.Reply denied = client.receive();
      assertEquals(-1, denied.state());
      assertEquals(0, denied.body().readInt());
      assertEquals(2, denied.body().readInt());
      assertEquals(2, denied.body().readInt());

      ByteBuf kerberos = Unpooled.buffer().writeInt(2).writeInt(0).writeInt(2);
      kerberos.writeInt(NFS).writeInt(3).writeInt(1).writeInt(6).writeInt(4).writeInt(0);
      client.send(kerberos.writeZero(8));
      denied = client.receive();
      assertEquals(-1, denied.state());
      assertEquals(1, denied.body().readInt(), "authentication");
      assertEquals(1, denied.body().readInt(), "bad credential");
    }
  }

  @Test
  void callsWithoutACredentialComeFromNobody() throws Exception {
    try (TestServer server = TestServer.over(datastore);
        Nfs3TestClient client = server.client()) {
      byte[] root = client.root("/dvx");
      ByteBuf call = Unpooled.buffer().writeInt(77).writeInt(0).writeInt(2);
      call.writeInt(NFS).writeInt(3).writeInt(9).writeZero(16);
      Xdr.writeOpaque(call, root);
      Xdr.writeOpaque(call, new byte[] {'d'});
      client.rpc.send(call.writeZero(24));
      RpcTestClient.Reply reply = client.rpc.receive();
      assertEquals(0, reply.state());
      assertEquals(13, reply.body().readInt(), "nobody may not write to root's directory");
    }
  }

  @Test
  void aCallInManyFragmentsIsOneCall() throws Exception {
    try (TestServer server = TestServer.over(datastore);
        Nfs3TestClient client = server.client()) {
      byte[] root = client.root("/dvx");
      byte[] file = client.newFile(root, "file");
      byte[] data = new byte[200_000];
      new Random(1).nextBytes(data);
      ByteBuf call =
          client.rpc.message(5, NFS, 3, 7, Nfs3TestClient.write(file, 0, data.length, data, 2));
      while (call.isReadable()) {
        int length = Math.min(1000, call.readableBytes());
        boolean last = length == call.readableBytes();
        ByteBuf fragment = Unpooled.buffer().writeInt(last ? LAST | length : length);
        client.rpc.sendRaw(fragment.writeBytes(call, length));
      }
      assertEquals(0, client.rpc.receive().body().readInt());
      assertArrayEquals(data, client.data(file, 0, 1 << 20));
    }
  }

  @Test
  void aRecordOfTwoGibibytesIsRefusedAtOnce() throws Exception {
    try (TestServer server = TestServer.empty();
        RpcTestClient client = server.rpc()) {
      client.sendRaw(Unpooled.buffer().writeInt(-1));
      assertTrue(client.isClosedByServer());
    }
  }

  @Test
  void repliesInPlaceOfCallsEndTheConnection() throws Exception {
    try (TestServer server = TestServer.empty();
        RpcTestClient client = server.rpc()) {
      client.send(Unpooled.buffer().writeInt(1).writeInt(1).writeZero(20));
      assertTrue(client.isClosedByServer());
    }
  }

  @Test
  void aRecordThatTakesTooLongEndsTheConnection() throws Exception {
    RpcLimits limits = limits(1024, Duration.ofMillis(200), Duration.ofMinutes(1));
    try (TestServer server = limited(limits);
        RpcTestClient client = server.rpc()) {
      client.call(NFS, 3, 0, Nfs3TestClient.NO_ARGUMENTS);
      client.sendRaw(Unpooled.buffer().writeInt(LAST | 1000));
      try {
        for (int i = 0; i < 3; i++) {
          Thread.sleep(50);
          client.sendRaw(Unpooled.buffer().writeInt(i));
        }
      } catch (SocketException _) {
        // Closed already: this thread was slow.
        return;
      }
      assertTrue(client.isClosedByServer(), "though bytes kept coming");
    }
  }

  @Test
  void anIdleConnectionIsClosed() throws Exception {
    RpcLimits limits = limits(1024, Duration.ofMillis(100), Duration.ofSeconds(3));
    try (TestServer server = limited(limits);
        RpcTestClient client = server.rpc()) {
      client.call(NFS, 3, 0, Nfs3TestClient.NO_ARGUMENTS);
      assertTrue(client.isClosedByServer());
    }
  }

  @Test
  void aClientThatNeverReadsIsCutOff() throws Exception {
    RpcLimits limits = limits(1024, Duration.ofMillis(200), Duration.ofMinutes(1));
    try (TestServer server = limited(limits);
        Nfs3TestClient client = server.client()) {
      byte[] file = client.newFile(client.root("/dvx"), "file");
      client.setAttributes(file, Nfs3TestClient.change(null, null, 1L << 30), null).ok();
      Waiting.until(
          "the server gives up",
          () -> {
            for (int i = 0; i < 10; i++) {
              try {
                client.rpc.send(
                    client.rpc.message(
                        client.rpc.nextXid(),
                        NFS,
                        3,
                        6,
                        Nfs3TestClient.handle(file)
                            .andThen(out -> out.writeLong(0).writeInt(1 << 20))));
              } catch (IOException e) {
                return true;
              }
            }
            return server.server.status().connections() == 0;
          });
    }
  }

  @Test
  void largeReadsOfSmallFilesDoNotFillTheMemory() throws Exception {
    try (TestServer server = TestServer.over(datastore);
        Nfs3TestClient client = server.client()) {
      byte[] file = client.newFile(client.root("/dvx"), "file");
      ByteBuf calls = Unpooled.buffer();
      for (int i = 0; i < 300; i++) {
        ByteBuf call =
            client.rpc.message(
                i,
                NFS,
                3,
                6,
                Nfs3TestClient.handle(file).andThen(out -> out.writeLong(0).writeInt(1 << 20)));
        calls.writeInt(LAST | call.readableBytes()).writeBytes(call);
      }
      Timer reads = server.meters.get("dvx.nfs.request").tags("procedure", "READ").timer();
      for (int i = 0; i < 10; i++) {
        client.rpc.sendRaw(calls.duplicate());
      }
      Waiting.until(
          "all are answered",
          () -> {
            assertTrue(server.bufferBytes() < 64 << 20, server.bufferBytes() + " bytes");
            return reads.count() == 3_000;
          });
    }
  }

  @Test
  void connectionsAreCounted() throws Exception {
    try (TestServer server = limited(limits(2, Duration.ofSeconds(9), Duration.ofMinutes(1)));
        RpcTestClient one = server.rpc()) {
      assertEquals(0, one.call(NFS, 3, 0, Nfs3TestClient.NO_ARGUMENTS).state());
      try (RpcTestClient two = server.rpc()) {
        assertEquals(0, two.call(NFS, 3, 0, Nfs3TestClient.NO_ARGUMENTS).state());
        try (RpcTestClient three = server.rpc()) {
          assertTrue(three.isClosedByServer());
        }
      }
      Waiting.until(
          "there is room again",
          () -> {
            try (RpcTestClient again = server.rpc()) {
              return again.call(NFS, 3, 0, Nfs3TestClient.NO_ARGUMENTS).state() == 0;
            } catch (IOException e) {
              return false;
            }
          });
    }
  }

  @Test
  void aPipelineIsAnsweredWhollyWhateverCompletesWhen() throws Exception {
    Random random = new Random(7);
    try (ExecutorService threads = Executors.newFixedThreadPool(3)) {
      LateDatastore late = new LateDatastore(datastore, threads, _ -> random.nextInt(3) > 0);
      try (TestServer server = TestServer.over(late.datastore());
          Nfs3TestClient client = server.client()) {
        byte[] root = client.root("/dvx");
        byte[] file = client.newFile(root, "file");
        byte[] content = new byte[1 << 20];
        new Random(3).nextBytes(content);
        client.write(file, 0, content, 2).ok();
        pipeline(client, file, content, 4_000);
        assertTrue(late.delayed.get() > 1_000, "some must have been late");
      }
    }
  }

  /** Sends many reads without waiting, then checks what comes. */
  private static void pipeline(Nfs3TestClient client, byte[] file, byte[] content, int count)
      throws Exception {
    Map<Integer, int[]> open = new HashMap<>();
    Random random = new Random(11);
    Thread sender =
        Thread.ofVirtual()
            .unstarted(
                () -> {
                  try {
                    for (Map.Entry<Integer, int[]> each : open.entrySet()) {
                      int[] range = each.getValue();
                      client.rpc.send(
                          client.rpc.message(
                              each.getKey(),
                              NFS,
                              3,
                              6,
                              Nfs3TestClient.handle(file)
                                  .andThen(out -> out.writeLong(range[0]).writeInt(range[1]))));
                    }
                  } catch (IOException e) {
                    throw new UncheckedIOException(e);
                  }
                });
    for (int i = 0; i < count; i++) {
      int length = random.nextInt(10) == 0 ? random.nextInt(200_000) : random.nextInt(9_000);
      open.put(i, new int[] {random.nextInt(content.length - length), length});
    }
    Map<Integer, int[]> missing = new HashMap<>(open);
    sender.start();
    while (!missing.isEmpty()) {
      RpcTestClient.Reply reply = client.rpc.receive();
      int[] range = Objects.requireNonNull(missing.remove(reply.xid()));
      assertEquals(0, reply.body().readInt());
      Nfs3TestClient.Result result = new Nfs3TestClient.Result(0, reply.body());
      result.attributes();
      assertEquals(range[1], result.body().readInt());
      result.body().readInt();
      byte[] expected = Arrays.copyOfRange(content, range[0], range[0] + range[1]);
      assertArrayEquals(expected, result.body().readOpaque(1 << 20));
    }
    sender.join();
  }

  @Test
  void aRequestThatTakesTooLongIsToBeTriedAgain() throws Exception {
    Queue<Runnable> held = new ConcurrentLinkedQueue<>();
    LateDatastore late = new LateDatastore(datastore, held::add, name -> name.equals("read"));
    NfsSettings settings =
        TestServer.settings(Export.loopback("/dvx"))
            .withLimits(RpcLimits.DEFAULT.withRequestTime(Duration.ofMillis(200)));
    try (TestServer server = new TestServer(settings, late.datastore());
        Nfs3TestClient client = server.client()) {
      byte[] file = client.newFile(client.root("/dvx"), "file");
      assertEquals(10_008, client.read(file, 0, 4096).status());
      assertEquals(1, client.getAttributes(file).type(), "the connection goes on");
      held.remove().run();
      assertEquals(1, client.getAttributes(file).type(), "the late answer is dropped");
    }
  }

  @Test
  void requestsAreNotReadWhileTheStoreIsCongested() throws Exception {
    try (TestServer server = TestServer.over(datastore);
        Nfs3TestClient client = server.client()) {
      byte[] file = client.newFile(client.root("/dvx"), "file");
      datastore.setCongested(true);
      client.rpc.send(
          client.rpc.message(9, NFS, 3, 7, Nfs3TestClient.write(file, 0, 1, new byte[1], 2)));
      Thread.sleep(100);
      assertEquals(0, datastore.content(FileKey.live(100)).length);
      datastore.setCongested(false);
      assertEquals(9, client.rpc.receive().xid());
      assertEquals(1, datastore.content(FileKey.live(100)).length);
    }
  }

  private TestServer limited(RpcLimits limits) {
    return new TestServer(
        TestServer.settings(Export.loopback("/dvx")).withLimits(limits), datastore);
  }

  private static RpcLimits limits(int connections, Duration recordTime, Duration idleTime) {
    RpcLimits usual = RpcLimits.DEFAULT;
    return new RpcLimits(
        usual.recordBytes(),
        usual.fragments(),
        usual.requests(),
        usual.replyBytes(),
        connections,
        connections,
        recordTime,
        idleTime,
        Duration.ofMillis(500),
        usual.requestTime());
  }
}
