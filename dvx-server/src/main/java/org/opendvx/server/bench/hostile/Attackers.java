package org.opendvx.server.bench.hostile;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/**
 * The connections of an attack on one port. No call here waits for the server, beyond the time
 * limit of a connect. Not thread-safe.
 */
final class Attackers implements AutoCloseable {
  private static final int CONNECT_MILLIS = 2000;
  private static final int DRAIN = 256 << 10;

  private final InetSocketAddress address;
  private final Mutator mutator;
  private final SplittableRandom random;
  private final @Nullable SocketChannel[] channels;
  private final OversizedRecords oversized;
  private final List<Drip> slow = new ArrayList<>();
  private final List<SocketChannel> deaf = new ArrayList<>();
  private final Map<Attack, Long> sent = new EnumMap<>(Attack.class);
  private final ByteBuffer sink = ByteBuffer.allocateDirect(DRAIN);
  private long closedByServer;
  private long connectFailures;

  /** A connection that sends a byte at a time. */
  private static final class Drip {
    final byte[] message;
    @Nullable SocketChannel channel;
    int at;

    Drip(byte[] message) {
      this.message = message;
    }
  }

  Attackers(
      InetSocketAddress address,
      Mutator mutator,
      OversizedRecords oversized,
      int connections,
      long seed) {
    this.address = address;
    this.mutator = mutator;
    this.oversized = oversized;
    this.channels = new SocketChannel[connections];
    this.random = new SplittableRandom(seed);
  }

  /** Sends one hostile message. */
  void strike() throws IOException {
    Attack attack = mutator.choose();
    byte[] message = mutator.message(attack);
    sent.merge(attack, 1L, Long::sum);
    if (attack == Attack.HUGE) {
      SocketChannel own = connect();
      if (own != null && write(own, message) >= 0) {
        oversized.add(own);
      }
      return;
    }
    int index = random.nextInt(channels.length);
    SocketChannel channel = channels[index];
    if (channel == null) {
      channel = connect();
      channels[index] = channel;
    }
    if (channel == null) {
      return;
    }
    boolean lost = write(channel, message) < message.length || drain(channel);
    if (lost || attack == Attack.DROPPED) {
      channel.close();
      channels[index] = null;
    }
  }

  /** Opens connections that will send {@code message} a byte at a time. */
  void addSlow(int count, byte[] message) {
    for (int i = 0; i < count; i++) {
      slow.add(new Drip(message));
    }
  }

  /** Sends a byte on each slow connection. */
  void drip() throws IOException {
    for (Drip drip : slow) {
      SocketChannel channel = drip.channel;
      if (channel == null) {
        channel = connect();
        drip.channel = channel;
        drip.at = 0;
      }
      if (channel != null) {
        byte[] next = {drip.message[drip.at++ % drip.message.length]};
        if (write(channel, next) < 0 || drain(channel)) {
          channel.close();
          drip.channel = null;
        }
      }
    }
  }

  /** Opens connections that ask for as much as they can send and never read. */
  void addDeaf(int count, byte[] request) throws IOException {
    for (int i = 0; i < count; i++) {
      SocketChannel channel = connect();
      if (channel != null) {
        deaf.add(channel);
        for (int n = 0; n < 10_000 && write(channel, request) == request.length; n++) {}
      }
    }
  }

  private @Nullable SocketChannel connect() throws IOException {
    SocketChannel channel = SocketChannel.open();
    try {
      channel.socket().connect(address, CONNECT_MILLIS);
      channel.configureBlocking(false);
      return channel;
    } catch (SocketTimeoutException | java.net.ConnectException e) {
      connectFailures++;
      channel.close();
      return null;
    }
  }

  /** Bytes that the socket took, or -1 when the server has closed it. */
  private int write(SocketChannel channel, byte[] bytes) {
    try {
      return channel.write(ByteBuffer.wrap(bytes));
    } catch (IOException gone) {
      closedByServer++;
      return -1;
    }
  }

  /** Throws replies away; true when the server has closed the connection. */
  private boolean drain(SocketChannel channel) {
    try {
      if (channel.read(sink.clear()) < 0) {
        closedByServer++;
        return true;
      }
      return false;
    } catch (IOException reset) {
      closedByServer++;
      return true;
    }
  }

  Map<Attack, Long> sent() {
    return sent;
  }

  long closedByServer() {
    return closedByServer;
  }

  long connectFailures() {
    return connectFailures;
  }

  @Override
  public void close() throws IOException {
    for (SocketChannel channel : deaf) {
      channel.close();
    }
    for (Drip drip : slow) {
      SocketChannel channel = drip.channel;
      if (channel != null) {
        channel.close();
      }
    }
    for (SocketChannel channel : channels) {
      if (channel != null) {
        channel.close();
      }
    }
    Arrays.fill(channels, null);
  }
}
