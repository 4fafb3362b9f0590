package org.opendvx.core.pool.datanode;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.UnpooledByteBufAllocator;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.fuzz.Checks;
import org.opendvx.core.fuzz.FuzzTarget;
import org.opendvx.core.pool.local.CodedContainer;
import org.opendvx.core.pool.local.MemoryDrives;
import org.opendvx.core.pool.local.OtherShapeException;
import org.opendvx.core.pool.wire.BadFrameException;
import org.opendvx.core.pool.wire.Frame;
import org.opendvx.core.pool.wire.FrameDecoder;
import org.opendvx.core.pool.wire.Frames;
import org.opendvx.core.pool.wire.Op;
import org.opendvx.core.pool.wire.WireOut;

/**
 * What a joined host may ask of a data node, over a pool on simulated drives. The first byte of an
 * input names the operation, the second its flags.
 */
public final class RequestsFuzz implements FuzzTarget {
  private static final String HOST = "host-a";
  private static final Set<Kind> NOT_MEANT = Set.of(Kind.INTERNAL, Kind.CORRUPT);

  /** Those need a connection that waits, or are answered elsewhere. */
  private static final Set<Op> LEFT_OUT = Set.of(Op.CONTAINER_LIST, Op.JOURNAL_REPLAY);

  /** Inputs after which the pool is made anew. */
  private static final int LIFE = 20_000;

  private @Nullable Node node;
  private int inputs;

  /** Found by name. */
  public RequestsFuzz() {}

  /** A data node with one host, without a network. */
  private static final class Node {
    private final MemoryDrives drives = new MemoryDrives(3);
    private final Session session = new Session(UUID.randomUUID(), HOST, "fingerprint");
    private final Requests requests =
        new Requests(
            drives.pool(),
            new JournalHolds(drives.pool(), TimeUnit.SECONDS.toNanos(60)),
            new RecordLeases(drives.pool(), System::nanoTime));
    private final HostConnection connection =
        new HostConnection(new FrameDecoder(1 << 20), requests, new Sessions(), new Nobody());
  }

  private Node node() {
    Node now = node;
    if (now == null || ++inputs % LIFE == 0) {
      if (now != null) {
        now.drives.close();
      }
      now = new Node();
      node = now;
    }
    return now;
  }

  @Override
  public String name() {
    return "pool-requests";
  }

  @Override
  public List<byte[]> seeds() {
    List<byte[]> seeds = new ArrayList<>();
    seeds.add(seed(Op.PING, new WireOut()));
    seeds.add(seed(Op.STATUS, new WireOut()));
    seeds.add(seed(Op.FENCE, new WireOut().text("host-z").i64(3)));
    int shard = CodedContainer.shardLength(5000, 1);
    byte[] coded = new byte[5000 + 2 * shard];
    seeds.add(
        seed(
            Op.CONTAINER_PUT,
            new WireOut()
                .text(HOST)
                .i64(1)
                .i64(77)
                .i32(5000)
                .u8(1)
                .u8(2)
                .copy(coded, 0, coded.length)));
    seeds.add(seed(Op.CONTAINER_READ, new WireOut().i64(77).i32(0).i32(100)));
    seeds.add(seed(Op.CONTAINER_LENGTH, new WireOut().i64(77)));
    seeds.add(seed(Op.CONTAINER_DELETE, new WireOut().text(HOST).i64(1).i64(77)));
    // There is no container 0; it was once taken for an empty place of the index.
    seeds.add(seed(Op.CONTAINER_READ, new WireOut().i64(0).i32(0).i32(0)));
    seeds.add(seed(Op.CONTAINER_LENGTH, new WireOut().i64(0)));
    seeds.add(seed(Op.CONTAINER_DELETE, new WireOut().text(HOST).i64(1).i64(0)));
    seeds.add(seed(Op.JOURNAL_OPEN, new WireOut().text(HOST).i64(1)));
    byte[] batch = "a batch".getBytes(StandardCharsets.US_ASCII);
    seeds.add(
        seed(
            Op.JOURNAL_APPEND,
            new WireOut().text(HOST).i64(1).i64(1).i64(1).text(HOST).copy(batch, 0, batch.length)));
    seeds.add(seed(Op.JOURNAL_TRIM, new WireOut().text(HOST).i64(1).i64(1).text(HOST)));
    seeds.add(seed(Op.JOURNAL_CLOSE, new WireOut().text(HOST).i64(1)));
    seeds.add(seed(Op.RECORD_GET, new WireOut().text("a/b")));
    seeds.add(
        seed(
            Op.RECORD_PUT,
            new WireOut().text(HOST).i64(1).text("a/b").i64(0).i64(9).copy(batch, 0, 3)));
    seeds.add(seed(Op.RECORD_KEYS, new WireOut().text("a/")));
    seeds.add(
        seed(Op.LEASE_TAKE, new WireOut().text(HOST).i64(1).text("lock").text(HOST).i64(1000)));
    seeds.add(seed(Op.LEASE_RELEASE, new WireOut().text(HOST).i64(1).text("lock").text(HOST)));
    seeds.add(seed(Op.LEASE_LOOK, new WireOut().text("lock")));
    return seeds;
  }

  private static byte[] seed(Op op, WireOut body) {
    ByteBuf frame = frame(op, body);
    byte[] bytes = new byte[2 + frame.readableBytes() - Frame.HEADER];
    bytes[0] = op.code();
    frame.getBytes(Frame.HEADER, bytes, 2, bytes.length - 2).release();
    return bytes;
  }

  private static ByteBuf frame(Op op, WireOut body) {
    return Frames.encode(UnpooledByteBufAllocator.DEFAULT, Frame.REPLY, op, 0, 1, 0, body);
  }

  @Override
  public long mostAllocated(int length) {
    // A read of a container, and what the simulated drives need to keep a write.
    return (64L << 20) + 256L * length;
  }

  @Override
  public void check(byte[] input) throws InterruptedException {
    Op op = input.length < 2 ? null : Op.of(input[0]);
    if (op == null || LEFT_OUT.contains(op)) {
      return;
    }
    Node node = node();
    byte[] body = Arrays.copyOfRange(input, 2, input.length);
    Frame frame = new Frame(Frame.REQUEST, op, input[1] & 1, 1, 50, body, body.length);
    try {
      ByteBuf reply = frame(op, node.requests.handle(node.connection, node.session, frame));
      Checks.holds(reply.readableBytes() >= Frame.HEADER, "an answer");
      boolean _ = reply.release();
    } catch (DvxException e) {
      Checks.holds(!NOT_MEANT.contains(e.kind()), "refused as " + e.kind() + ": " + e.render());
    } catch (BadFrameException | OtherShapeException | Requests.NotHeldException e) {
      Checks.holds(e.getStackTrace() != null, "declared");
    }
  }

  /** Lets nobody in: the session is there already. */
  private static final class Nobody implements Doorkeeper {
    @Override
    public Optional<String> hostOf(String fingerprint) {
      return Optional.empty();
    }

    @Override
    public void join(String fingerprint, String host, String token) {
      throw DvxException.of(Kind.DENIED, "Nobody is let in").build();
    }

    @Override
    public boolean remove(String host) {
      return false;
    }
  }
}
