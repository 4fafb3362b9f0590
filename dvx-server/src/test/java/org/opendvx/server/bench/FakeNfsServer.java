package org.opendvx.server.bench;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.opendvx.server.bench.rpc.Nfs3;

/**
 * A server of one directory in memory with the faults that the bench must find. MOUNT and NFS share
 * a port. A handle is the file's number. All state is guarded by this object.
 */
public final class FakeNfsServer implements AutoCloseable {
  private static final int LAST = 0x8000_0000;

  private final ServerSocket listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
  private final Set<Socket> clients = ConcurrentHashMap.newKeySet();
  private final List<String> names = new ArrayList<>();
  private final List<byte[]> stable = new ArrayList<>();
  private final List<byte[]> cached = new ArrayList<>();
  private long verifier = 1;
  private int writes;
  private int failWrites;
  private int jukebox;
  private boolean refusing;
  private boolean closed;

  /** Answers in fragments of this many bytes; 0 for one. */
  volatile int fragment;

  /** Says FILE_SYNC but keeps data where a restart loses it. */
  volatile boolean liesAboutSync;

  /** Closes connections on which a record of more than 4 MiB is announced. */
  volatile boolean refusesHugeRecords;

  /** Keeps its write verifier over restarts. */
  volatile boolean liesAboutRestart;

  /** Listens on a free port of this machine. */
  public FakeNfsServer() throws IOException {
    Thread.ofVirtual().start(this::accept);
  }

  /** Where it listens. */
  public int port() {
    return listener.getLocalPort();
  }

  /** Loses what was not stable and drops all connections; refuses new ones until {@link #up}. */
  public synchronized void crash() throws IOException {
    refusing = true;
    for (int i = 0; i < cached.size(); i++) {
      cached.set(i, stable.get(i).clone());
    }
    if (!liesAboutRestart) {
      verifier++;
    }
    for (Socket client : clients) {
      client.close();
    }
  }

  /** Answers the next WRITEs with an error. */
  public synchronized void failWrites(int count) {
    failWrites = count;
  }

  /** Answers the next READs and WRITEs with "try later". */
  public synchronized void delay(int count) {
    jukebox = count;
  }

  /** Takes connections again. */
  public synchronized void up() {
    refusing = false;
  }

  /** WRITEs carried out so far. */
  synchronized int writes() {
    return writes;
  }

  /** Turns a bit of a file's content. */
  public synchronized void spoil(int file, int at) {
    cached.get(file)[at] ^= 1;
  }

  private void accept() {
    while (true) {
      try {
        Socket client = listener.accept();
        synchronized (this) {
          if (refusing) {
            client.close();
            continue;
          }
          clients.add(client);
        }
        Thread.ofVirtual().start(() -> serve(client));
      } catch (IOException e) {
        synchronized (this) {
          if (closed) {
            return;
          }
        }
      }
    }
  }

  private void serve(Socket client) {
    try (client) {
      DataInputStream in = new DataInputStream(client.getInputStream());
      DataOutputStream out = new DataOutputStream(client.getOutputStream());
      while (true) {
        int mark = in.readInt();
        int length = mark & ~LAST;
        if (mark >= 0 || (refusesHugeRecords && length > 4 << 20)) {
          return;
        }
        ByteBuffer call = ByteBuffer.wrap(in.readNBytes(length));
        if (call.remaining() < length) {
          throw new EOFException();
        }
        ByteBuffer reply = ByteBuffer.allocate(4 << 20);
        synchronized (this) {
          if (refusing) {
            return;
          }
          answer(call, reply);
        }
        send(out, Arrays.copyOf(reply.array(), reply.position()));
      }
    } catch (IOException
        | BufferUnderflowException
        | IllegalArgumentException
        | IndexOutOfBoundsException
        | NegativeArraySizeException gone) {
      // The client went away or sent nonsense, or the crash closed the socket.
    } finally {
      clients.remove(client);
    }
  }

  private void send(DataOutputStream out, byte[] reply) throws IOException {
    int size = fragment == 0 ? reply.length : fragment;
    for (int at = 0; at < reply.length; at += size) {
      int n = Math.min(size, reply.length - at);
      out.writeInt((at + n == reply.length ? LAST : 0) | n);
      out.write(reply, at, n);
    }
    out.flush();
  }

  private void answer(ByteBuffer call, ByteBuffer out) {
    out.putInt(call.getInt()).putInt(1).putInt(0).putInt(0).putInt(0).putInt(0);
    call.position(12);
    int program = call.getInt();
    call.getInt();
    int procedure = call.getInt();
    call.getInt();
    call.position(call.position() + call.getInt(call.position()) + 4);
    call.position(call.position() + 8);
    if (program == Nfs3.MOUNT_PROGRAM) {
      out.putInt(0).putInt(4).putInt(-1).putInt(1).putInt(1);
      return;
    }
    switch (procedure) {
      case Nfs3.NULL -> {}
      case Nfs3.GETATTR -> {
        out.putInt(0);
        attributes(out, handle(call));
      }
      case Nfs3.SETATTR -> resize(call, out);
      case Nfs3.LOOKUP -> lookup(call, out, false);
      case Nfs3.CREATE, Nfs3.MKDIR -> lookup(call, out, true);
      case Nfs3.READ -> read(call, out);
      case Nfs3.WRITE -> write(call, out);
      case Nfs3.REMOVE -> out.putInt(0).putInt(0).putInt(0);
      case Nfs3.FSINFO ->
          out.putInt(0)
              .putInt(0)
              .putInt(1 << 20)
              .putInt(1 << 20)
              .putInt(512)
              .putInt(1 << 20)
              .putInt(1 << 20);
      case Nfs3.COMMIT -> {
        int file = handle(call);
        stable.set(file, cached.get(file).clone());
        out.putInt(0).putInt(0).putInt(0).putLong(verifier);
      }
      default -> out.putInt(10_004);
    }
  }

  private static int handle(ByteBuffer call) {
    call.getInt();
    return call.getInt();
  }

  private void attributes(ByteBuffer out, int file) {
    int start = out.position();
    out.putLong(start + 20, file < 0 ? 0 : cached.get(file).length);
    out.position(start + 84);
  }

  private void lookup(ByteBuffer call, ByteBuffer out, boolean create) {
    handle(call);
    byte[] name = new byte[call.getInt()];
    call.get(name);
    String text = new String(name, java.nio.charset.StandardCharsets.UTF_8);
    int file = names.indexOf(text);
    if (file < 0 && !create) {
      out.putInt(Nfs3.ERR_NOENT).putInt(0);
      return;
    }
    if (file < 0) {
      file = names.size();
      names.add(text);
      cached.add(new byte[0]);
      stable.add(new byte[0]);
    }
    out.putInt(0);
    if (create) {
      out.putInt(1);
    }
    out.putInt(4).putInt(file).putInt(1);
    attributes(out, file);
    out.putInt(0);
    if (create) {
      out.putInt(0);
    }
  }

  private void resize(ByteBuffer call, ByteBuffer out) {
    int file = handle(call);
    call.position(call.position() + 16);
    int size = (int) call.getLong();
    cached.set(file, Arrays.copyOf(cached.get(file), size));
    stable.set(file, Arrays.copyOf(stable.get(file), size));
    out.putInt(0).putInt(0).putInt(0);
  }

  private void read(ByteBuffer call, ByteBuffer out) {
    if (jukebox > 0) {
      jukebox--;
      out.putInt(Nfs3.ERR_JUKEBOX).putInt(0);
      return;
    }
    int file = handle(call);
    int offset = (int) call.getLong();
    int count = call.getInt();
    out.putInt(0).putInt(0).putInt(count).putInt(0).putInt(count);
    out.put(cached.get(file), offset, count);
  }

  private void write(ByteBuffer call, ByteBuffer out) {
    if (jukebox > 0) {
      jukebox--;
      out.putInt(Nfs3.ERR_JUKEBOX).putInt(0).putInt(0);
      return;
    }
    if (failWrites > 0) {
      failWrites--;
      out.putInt(5).putInt(0).putInt(0);
      return;
    }
    int file = handle(call);
    int offset = (int) call.getLong();
    int count = call.getInt();
    int how = call.getInt();
    call.getInt();
    writes++;
    if (cached.get(file).length < offset + count) {
      cached.set(file, Arrays.copyOf(cached.get(file), offset + count));
      stable.set(file, Arrays.copyOf(stable.get(file), offset + count));
    }
    call.get(cached.get(file), offset, count);
    if (how != Nfs3.UNSTABLE && !liesAboutSync) {
      System.arraycopy(cached.get(file), offset, stable.get(file), offset, count);
    }
    out.putInt(0).putInt(0).putInt(0).putInt(count).putInt(how).putLong(verifier);
  }

  @Override
  public void close() throws IOException {
    synchronized (this) {
      closed = true;
    }
    listener.close();
    for (Socket client : clients) {
      client.close();
    }
  }
}
