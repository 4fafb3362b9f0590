package org.opendvx.core.nfs;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.netty.buffer.ByteBuf;
import java.util.Arrays;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.opendvx.core.nfs.xdr.Xdr;
import org.opendvx.core.testing.InMemoryDatastore;

/** A retransmitted call is never applied twice. */
class DuplicateCallsTest {
  private final InMemoryDatastore datastore = new InMemoryDatastore();

  @Test
  void aRetransmissionOverANewConnectionGetsTheFirstReply() throws Exception {
    try (TestServer server = TestServer.over(datastore);
        Nfs3TestClient first = server.client();
        Nfs3TestClient second = server.client()) {
      byte[] root = first.root("/dvx");
      byte[] directory = first.newDirectory(root, "d");
      byte[] file = first.newFile(root, "file");
      Map<Integer, Consumer<ByteBuf>> calls =
          Map.of(
              8,
              Nfs3TestClient.create(root, "made", 1).andThen(Nfs3TestClient.NO_CHANGE),
              9,
              Nfs3TestClient.where(root, "dir").andThen(Nfs3TestClient.NO_CHANGE),
              10,
              Nfs3TestClient.where(root, "symlink")
                  .andThen(Nfs3TestClient.NO_CHANGE)
                  .andThen(out -> Xdr.writeOpaque(out, new byte[] {'t'})),
              11,
              Nfs3TestClient.where(root, "fifo")
                  .andThen(out -> out.writeInt(7))
                  .andThen(Nfs3TestClient.NO_CHANGE),
              15,
              Nfs3TestClient.handle(file).andThen(Nfs3TestClient.where(directory, "hard")));
      for (Map.Entry<Integer, Consumer<ByteBuf>> call : calls.entrySet()) {
        assertRepeatedReply(first, second, call.getKey(), call.getValue());
      }
      assertRepeatedReply(
          first,
          second,
          14,
          Nfs3TestClient.where(root, "made").andThen(Nfs3TestClient.where(directory, "moved")));
      assertRepeatedReply(first, second, 12, Nfs3TestClient.where(directory, "moved"));
      assertRepeatedReply(first, second, 13, Nfs3TestClient.where(root, "dir"));
      long changed = first.getAttributes(file).changed();
      assertRepeatedReply(
          first,
          second,
          2,
          Nfs3TestClient.handle(file)
              .andThen(Nfs3TestClient.change(0600, null, null))
              .andThen(
                  out ->
                      out.writeInt(1)
                          .writeInt((int) (changed / 1_000_000_000L))
                          .writeInt((int) (changed % 1_000_000_000L))));
      assertEquals(9, server.server.status().replayedCalls());
    }
  }

  private static void assertRepeatedReply(
      Nfs3TestClient first, Nfs3TestClient second, int procedure, Consumer<ByteBuf> arguments)
      throws Exception {
    int xid = first.rpc.nextXid();
    byte[] reply = send(first, xid, procedure, arguments);
    assertEquals(0, reply[3], "status of procedure " + procedure);
    assertArrayEquals(reply, send(second, xid, procedure, arguments), "procedure " + procedure);
  }

  private static byte[] send(
      Nfs3TestClient client, int xid, int procedure, Consumer<ByteBuf> arguments) throws Exception {
    client.rpc.send(client.rpc.message(xid, Nfs3TestClient.NFS, 3, procedure, arguments));
    return body(client.rpc.receive());
  }

  private static byte[] body(RpcTestClient.Reply reply) {
    assertEquals(0, reply.state());
    byte[] body = new byte[reply.body().remaining()];
    reply.body().buffer().getBytes(reply.body().position(), body);
    return body;
  }

  @Test
  void anotherTransactionIsAnotherCall() throws Exception {
    try (TestServer server = TestServer.over(datastore);
        Nfs3TestClient client = server.client()) {
      byte[] root = client.root("/dvx");
      client.makeDirectory(root, "d").ok();
      assertEquals(17, client.makeDirectory(root, "d").status());
    }
  }

  @Test
  void oneTransactionNumberWithOtherArgumentsIsAnotherCall() throws Exception {
    try (TestServer server = TestServer.over(datastore);
        Nfs3TestClient client = server.client()) {
      byte[] root = client.root("/dvx");
      int xid = client.rpc.nextXid();
      for (String name : new String[] {"a", "b"}) {
        byte[] reply =
            send(
                client, xid, 9, Nfs3TestClient.where(root, name).andThen(Nfs3TestClient.NO_CHANGE));
        assertEquals(0, reply[3]);
      }
      assertEquals(2, client.all(root).size());
    }
  }

  @Test
  void aDuplicateOfACallUnderWayWaitsForIt() throws Exception {
    Queue<Runnable> held = new ConcurrentLinkedQueue<>();
    LateDatastore late = new LateDatastore(datastore, held::add, name -> name.equals("create"));
    try (TestServer server = TestServer.over(late.datastore());
        Nfs3TestClient first = server.client();
        Nfs3TestClient second = server.client()) {
      byte[] root = first.root("/dvx");
      int xid = first.rpc.nextXid();
      Consumer<ByteBuf> arguments =
          Nfs3TestClient.where(root, "e").andThen(Nfs3TestClient.NO_CHANGE);
      first.rpc.send(first.rpc.message(xid, Nfs3TestClient.NFS, 3, 9, arguments));
      Waiting.until("the call is under way", () -> held.size() == 1);
      second.rpc.send(second.rpc.message(xid, Nfs3TestClient.NFS, 3, 9, arguments));
      Waiting.until("the duplicate is known", () -> server.server.status().replayedCalls() == 1);
      assertEquals(1, held.size(), "applied once");
      held.remove().run();
      byte[] reply = body(first.rpc.receive());
      assertEquals(0, reply[3]);
      assertArrayEquals(reply, body(second.rpc.receive()));
    }
  }

  @Test
  void aReplyLostWithItsConnectionIsNotLostForTheRetransmission() throws Exception {
    Queue<Runnable> held = new ConcurrentLinkedQueue<>();
    LateDatastore late = new LateDatastore(datastore, held::add, name -> name.equals("remove"));
    try (TestServer server = TestServer.over(late.datastore());
        Nfs3TestClient second = server.client()) {
      byte[] root = second.root("/dvx");
      second.newFile(root, "file");
      int xid = second.rpc.nextXid();
      try (Nfs3TestClient first = server.client()) {
        first.rpc.send(
            first.rpc.message(xid, Nfs3TestClient.NFS, 3, 12, Nfs3TestClient.where(root, "file")));
        Waiting.until("the call is under way", () -> held.size() == 1);
      }
      Waiting.until("it is gone", () -> server.server.status().connections() == 1);
      held.remove().run();
      assertEquals(0, send(second, xid, 12, Nfs3TestClient.where(root, "file"))[3]);
    }
  }

  @Test
  void aRetransmissionAfterARestartIsAnsweredFromTheDatastoresMemory() throws Exception {
    int create = 4711;
    int remove = 4712;
    byte[] root;
    byte[] handle;
    Consumer<ByteBuf> creation;
    try (TestServer server = TestServer.over(datastore);
        Nfs3TestClient client = server.client()) {
      root = client.root("/dvx");
      creation = Nfs3TestClient.create(root, "file", 1).andThen(Nfs3TestClient.NO_CHANGE);
      send(client, create, 8, creation);
      handle = client.find(root, "file");
      client.newFile(root, "gone");
      assertEquals(0, send(client, remove, 12, Nfs3TestClient.where(root, "gone"))[3]);
    }
    try (TestServer server = TestServer.over(datastore);
        Nfs3TestClient client = server.client()) {
      byte[] reply = send(client, create, 8, creation);
      assertEquals(0, reply[3], "guarded, and yet no EXIST");
      byte[] again = Arrays.copyOfRange(reply, 12, 12 + handle.length);
      assertArrayEquals(handle, again);
      assertEquals(0, send(client, remove, 12, Nfs3TestClient.where(root, "gone"))[3]);
      assertEquals(17, client.create(root, "file", 1, Nfs3TestClient.NO_CHANGE).status());
    }
  }
}
