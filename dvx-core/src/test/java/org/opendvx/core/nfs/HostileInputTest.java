package org.opendvx.core.nfs;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.opendvx.core.nfs.xdr.Xdr;
import org.opendvx.core.testing.InMemoryDatastore;

/** Random, changed and truncated messages neither crash the server nor lose it a buffer. */
class HostileInputTest {
  private static final int LAST = 1 << 31;
  private static final int MESSAGES = 20_000;

  @ParameterizedTest(name = "seed {0}")
  @ValueSource(longs = {1, 2, 3})
  void theServerStandsWhateverComes(long seed) throws Exception {
    InMemoryDatastore datastore = new InMemoryDatastore();
    Random random = new Random(seed);
    try (TestServer server = TestServer.over(datastore)) {
      byte[] kept;
      try (Nfs3TestClient honest = server.client()) {
        byte[] root = honest.root("/dvx");
        kept = honest.newFile(root, "kept");
        honest.as(36, 36);
        List<ByteBuf> samples = samples(honest, root, kept);
        attack(server, samples, random);
        honest.getAttributes(root);
        honest.as(0, 0).write(kept, 0, new byte[] {1, 2, 3}, 2).ok();
        assertArrayEquals(new byte[] {1, 2, 3}, honest.data(kept, 0, 3));
      }
      Waiting.until("the attackers are gone", () -> server.server.status().connections() == 0);
    }
  }

  /** A well-formed call of every procedure. */
  private static List<ByteBuf> samples(Nfs3TestClient client, byte[] root, byte[] file) {
    List<ByteBuf> samples = new ArrayList<>();
    for (int procedure = 0; procedure < 22; procedure++) {
      int each = procedure;
      samples.add(
          client.rpc.message(
              client.rpc.nextXid(),
              Nfs3TestClient.NFS,
              3,
              procedure,
              out -> {
                Xdr.writeOpaque(out, each == 6 || each == 7 || each == 15 ? file : root);
                Xdr.writeOpaque(out, new byte[] {'n', 'a', 'm', 'e'});
                Xdr.writeOpaque(out, root);
                Xdr.writeOpaque(out, new byte[] {'x'});
                out.writeZero(40);
              }));
    }
    samples.add(
        client.rpc.message(
            1, Nfs3TestClient.NFS, 3, 7, Nfs3TestClient.write(file, 0, 5_000, new byte[5_000], 2)));
    samples.add(
        client.rpc.message(
            1,
            Nfs3TestClient.NFS,
            3,
            6,
            Nfs3TestClient.handle(file).andThen(out -> out.writeLong(0).writeInt(-1))));
    for (int procedure = 0; procedure < 6; procedure++) {
      samples.add(
          client.rpc.message(
              2,
              Nfs3TestClient.MOUNT,
              3,
              procedure,
              out -> Xdr.writeOpaque(out, Nfs3TestClient.bytes("/dvx/name"))));
    }
    return samples;
  }

  private static void attack(TestServer server, List<ByteBuf> samples, Random random)
      throws Exception {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    int sent = 0;
    int connections = 0;
    while (sent < MESSAGES) {
      assertTrue(System.nanoTime() < end, "too slow: " + sent + " messages");
      connections++;
      try (RpcTestClient attacker = server.rpc()) {
        int ofThis = 1 + random.nextInt(200);
        for (int i = 0; i < ofThis; i++) {
          sent++;
          attacker.sendRaw(hostile(samples.get(random.nextInt(samples.size())).copy(), random));
        }
        if (random.nextBoolean()) {
          attacker.call(Nfs3TestClient.NFS, 3, 0, Nfs3TestClient.NO_ARGUMENTS);
        }
      } catch (IOException e) {
        // The server has closed the connection, as it may.
      }
    }
    assertTrue(connections > 10, connections + " connections");
  }

  private static ByteBuf hostile(ByteBuf message, Random random) {
    int kind = random.nextInt(12);
    if (kind < 8) {
      for (int i = random.nextInt(4); i > 0; i--) {
        message.setByte(random.nextInt(message.readableBytes()), random.nextInt(256));
      }
    }
    if (kind == 6 || kind == 7) {
      message.setInt(random.nextInt(message.readableBytes() / 4) * 4, random.nextInt());
    }
    if (kind == 8) {
      message = message.slice(0, random.nextInt(message.readableBytes()));
    }
    if (kind == 9) {
      byte[] noise = new byte[random.nextInt(300)];
      random.nextBytes(noise);
      message = Unpooled.wrappedBuffer(noise);
    }
    int length = message.readableBytes();
    int mark =
        switch (kind) {
          case 10 -> random.nextInt(40) == 0 ? random.nextInt() : LAST | length;
          case 11 -> random.nextInt(10) == 0 ? length : LAST | length;
          default -> LAST | length;
        };
    return Unpooled.buffer().writeInt(mark).writeBytes(message);
  }
}
