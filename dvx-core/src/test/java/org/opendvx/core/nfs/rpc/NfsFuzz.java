package org.opendvx.core.nfs.rpc;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.buffer.UnpooledByteBufAllocator;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.opendvx.core.datastore.FileKey;
import org.opendvx.core.fuzz.Checks;
import org.opendvx.core.fuzz.FuzzTarget;
import org.opendvx.core.nfs.access.Export;
import org.opendvx.core.nfs.access.ExportRoots;
import org.opendvx.core.nfs.access.Exports;
import org.opendvx.core.nfs.handle.FileHandles;
import org.opendvx.core.nfs.handle.SipHashMac;
import org.opendvx.core.nfs.mount.MountProgram;
import org.opendvx.core.nfs.mount.MountServices;
import org.opendvx.core.nfs.mount.MountTable;
import org.opendvx.core.nfs.portmap.PortMapping;
import org.opendvx.core.nfs.portmap.PortmapProgram;
import org.opendvx.core.nfs.v3.Nfs3Program;
import org.opendvx.core.nfs.v3.Nfs3Services;
import org.opendvx.core.nfs.v3.ReplyCache;
import org.opendvx.core.nfs.v3.RequestTags;
import org.opendvx.core.nfs.xdr.MalformedXdrException;
import org.opendvx.core.nfs.xdr.Xdr;
import org.opendvx.core.nfs.xdr.XdrReader;
import org.opendvx.core.testing.InMemoryDatastore;

/**
 * NFS, MOUNT and the portmapper, from the bytes of a connection to those of the reply: each call
 * gets one, within the room that was promised for it.
 */
public final class NfsFuzz implements FuzzTarget {
  private static final int LAST = 1 << 31;
  private static final int PROGRAM_NFS = Nfs3Program.NUMBER;
  private static final int PROCEDURES = 22;

  /** Inputs after which the files that they made are forgotten. */
  private static final int LIFE = 2000;

  private final UnpooledByteBufAllocator allocator = new UnpooledByteBufAllocator(true, false);
  private final RpcPeer peer =
      RpcPeer.of(
          new InetSocketAddress(InetAddress.getLoopbackAddress(), 700),
          new InetSocketAddress(InetAddress.getLoopbackAddress(), 2049));
  private final FileHandles handles = new FileHandles(new SipHashMac(new byte[16]));
  private Map<Integer, RpcProgram> programs = Map.of();
  private byte[] root = new byte[0];
  private int inputs;

  /** Found by name. */
  public NfsFuzz() {
    fresh();
  }

  private void fresh() {
    InMemoryDatastore datastore = new InMemoryDatastore();
    Export export = Export.loopback("/dvx");
    Exports exports = new Exports(List.of(export));
    ExportRoots roots = new ExportRoots(datastore);
    roots.prepare(export);
    Nfs3Services services =
        new Nfs3Services(
            datastore,
            exports,
            roots,
            handles,
            new ReplyCache(64, Duration.ofMinutes(1)),
            new RequestTags("fuzz"));
    programs =
        Map.of(
            Nfs3Program.NUMBER,
            new Nfs3Program(services),
            MountProgram.NUMBER,
            new MountProgram(
                new MountServices(datastore, exports, roots, handles, new MountTable())),
            PortmapProgram.NUMBER,
            new PortmapProgram(
                List.of(new PortMapping(PROGRAM_NFS, 3, PortMapping.Protocol.TCP, 2049))));
    ByteBuf out = Unpooled.buffer();
    handles.writeBody(out, export.id(), FileKey.ROOT);
    root = new byte[out.readableBytes()];
    out.readBytes(root);
  }

  @Override
  public String name() {
    return "nfs-rpc";
  }

  @Override
  public List<byte[]> seeds() {
    List<byte[]> seeds = new ArrayList<>();
    for (int procedure = 0; procedure < PROCEDURES; procedure++) {
      seeds.add(nfs(procedure));
    }
    byte[] path = "/dvx/name".getBytes(StandardCharsets.US_ASCII);
    for (int procedure = 0; procedure < 6; procedure++) {
      ByteBuf arguments = Unpooled.buffer();
      Xdr.writeOpaque(arguments, path);
      seeds.add(record(MountProgram.NUMBER, 3, procedure, arguments));
    }
    for (int procedure = 0; procedure < 5; procedure++) {
      ByteBuf arguments = Unpooled.buffer();
      arguments.writeInt(PROGRAM_NFS).writeInt(3).writeInt(6).writeInt(0);
      seeds.add(record(PortmapProgram.NUMBER, 2, procedure, arguments));
    }
    return seeds;
  }

  private byte[] nfs(int procedure) {
    ByteBuf arguments = Unpooled.buffer();
    handle(arguments);
    switch (procedure) {
      case 6 -> arguments.writeLong(0).writeInt(4096);
      case 7 -> {
        arguments.writeLong(0).writeInt(4).writeInt(2);
        Xdr.writeOpaque(arguments, new byte[] {1, 2, 3, 4});
      }
      case 14 -> {
        name(arguments);
        handle(arguments);
        name(arguments);
      }
      case 15 -> {
        handle(arguments);
        name(arguments);
      }
      case 16, 17 -> arguments.writeLong(0).writeLong(0).writeInt(4096).writeInt(8192);
      case 4, 21 -> arguments.writeLong(0).writeInt(63);
      case 2 -> arguments.writeZero(28);
      case 3, 12, 13 -> name(arguments);
      case 8, 9, 10, 11 -> {
        name(arguments);
        arguments.writeInt(procedure == 11 ? 7 : 0).writeZero(24);
        Xdr.writeOpaque(arguments, new byte[] {'t'});
      }
      default -> {}
    }
    return record(PROGRAM_NFS, 3, procedure, arguments);
  }

  private void handle(ByteBuf out) {
    Xdr.writeOpaque(out, root);
  }

  private static void name(ByteBuf out) {
    Xdr.writeOpaque(out, new byte[] {'n', 'a', 'm', 'e'});
  }

  private static byte[] record(int program, int version, int procedure, ByteBuf arguments) {
    ByteBuf out = Unpooled.buffer();
    out.writeInt(0).writeInt(99).writeInt(0).writeInt(2);
    out.writeInt(program).writeInt(version).writeInt(procedure);
    out.writeInt(1).writeInt(28).writeInt(5).writeInt(1).writeInt('h' << 24);
    out.writeInt(0).writeInt(0).writeInt(1).writeInt(7).writeInt(0).writeInt(0);
    out.writeBytes(arguments);
    out.setInt(0, LAST | out.readableBytes() - 4);
    byte[] bytes = new byte[out.readableBytes()];
    out.readBytes(bytes);
    return bytes;
  }

  /** The record's length, which nothing gets behind while it is wrong. */
  @Override
  public void repair(byte[] input) {
    if (input.length >= 4) {
      Checks.putInt(input, 0, LAST | input.length - 4);
    }
  }

  @Override
  public long mostAllocated(int length) {
    // A read may be of 1 MiB, and a reply's room is given out before.
    return (8L << 20) + 512L * length;
  }

  @Override
  public void check(byte[] input) throws Exception {
    if (++inputs % LIFE == 0) {
      fresh();
    }
    RecordAssembler assembler = new RecordAssembler(RpcLimits.DEFAULT);
    try {
      ByteBuf received = allocator.directBuffer(Math.max(1, input.length)).writeBytes(input);
      assembler.add(received);
      XdrReader window = new XdrReader();
      CallDecoder decoder = new CallDecoder(programs);
      while (assembler.next(window)) {
        call(decoder, window);
      }
    } catch (MalformedXdrException e) {
      // Ends the connection.
      Checks.holds(e.getMessage() != null, "a reason");
    } finally {
      assembler.release();
    }
    Checks.holds(allocator.metric().usedDirectMemory() == 0, "a buffer was lost");
  }

  private void call(CallDecoder decoder, XdrReader window) throws Exception {
    RpcRequest<?> request = decoder.decode(window, peer);
    ByteBuf out = Unpooled.buffer();
    if (request == null) {
      decoder.writeRejection(out);
      Checks.holds(
          out.readableBytes() <= CallDecoder.REJECTION_BOUND, "a rejection beyond its bound");
      return;
    }
    answered(request, out);
    Checks.holds(out.readableBytes() % 4 == 0, "a reply that is no XDR");
  }

  private static <R> void answered(RpcRequest<R> request, ByteBuf out) throws Exception {
    Room room = new Room();
    try {
      CompletableFuture<? extends R> work = request.start(room);
      R result = work.get(20, TimeUnit.SECONDS);
      int bound = room.reserved ? Integer.MAX_VALUE : request.replyBound(result);
      request.writeReply(result, room.reserved ? room.buffer : out);
      Checks.holds(out.readableBytes() <= bound, "a reply beyond its bound");
    } catch (ExecutionException e) {
      failed(request, e.getCause() == null ? e : e.getCause(), out);
    } catch (RuntimeException e) {
      failed(request, e, out);
    }
  }

  private static void failed(RpcRequest<?> request, Throwable failure, ByteBuf out)
      throws Exception {
    CompletableFuture<?> gathered = request.afterFailure(failure);
    if (gathered != null) {
      Object _ = gathered.get(20, TimeUnit.SECONDS);
    }
    request.writeFailure(failure, out);
    Checks.holds(out.readableBytes() <= RpcRequest.SMALL_REPLY, "a failure beyond its bound");
    Checks.holds(request.status() != 10_006 && request.status() != 5, "not meant: " + failure);
  }

  /** Room in a reply for what a file gives. */
  private static final class Room implements ReplySpace {
    private ByteBuf buffer = Unpooled.EMPTY_BUFFER;
    private boolean reserved;

    @Override
    public ByteBuffer reserve(int before, int data) {
      Checks.holds(!reserved, "room is reserved twice");
      reserved = true;
      buffer = Unpooled.buffer(before + data + 3);
      return buffer.nioBuffer(before, data);
    }
  }
}
