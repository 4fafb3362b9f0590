package org.opendvx.server.forward;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.opendvx.core.error.DvxException;

@Timeout(120)
class ForwarderTest {
  private static final Address ANY = new Address("127.0.0.1", 0);
  private static final int LIMIT_MILLIS = 30_000;

  private final LinkedBlockingQueue<AutoCloseable> toClose = new LinkedBlockingQueue<>();

  @AfterEach
  void closeAll() throws Exception {
    for (AutoCloseable each : toClose) {
      each.close();
    }
  }

  @Test
  void relaysToTheFirstHostThatTakesConnections() throws Exception {
    Host up = host();
    Forwarder forwarder = forwarder(10, nobody(), up.address(), nobody());
    byte[] sent = new byte[3 << 20];
    new Random(1).nextBytes(sent);
    for (int round = 0; round < 2; round++) {
      try (Socket client = client(forwarder)) {
        Socket there = up.next();
        Future<byte[]> received =
            CompletableFuture.supplyAsync(
                () -> ignoring(() -> there.getInputStream().readNBytes(sent.length)));
        client.getOutputStream().write(sent);
        assertArrayEquals(sent, received.get(LIMIT_MILLIS, TimeUnit.MILLISECONDS));
        there.getOutputStream().write("answer".getBytes(StandardCharsets.UTF_8));
        there.getOutputStream().flush();
        assertEquals(
            "answer", new String(client.getInputStream().readNBytes(6), StandardCharsets.UTF_8));
      }
    }
  }

  @Test
  void whatAHostSentBeforeItClosedArrivesAndTheNextConnectionGoesToAnother() throws Exception {
    Host first = host();
    Host second = host();
    Forwarder forwarder = forwarder(10, first.address(), second.address());
    try (Socket client = client(forwarder)) {
      Socket there = first.next();
      byte[] last = new byte[1 << 20];
      there.getOutputStream().write(last);
      there.close();
      first.close();
      assertEquals(last.length, client.getInputStream().readAllBytes().length);
    }
    try (Socket client = client(forwarder)) {
      client.getOutputStream().write(7);
      assertEquals(7, second.next().getInputStream().read());
    }
  }

  @Test
  void aHostThatDoesNotReadCostsABoundedBuffer() throws Exception {
    Host deaf = host();
    Forwarder forwarder = forwarder(10, deaf.address());
    try (Socket client = client(forwarder)) {
      Socket there = deaf.next();
      AtomicLong taken = new AtomicLong();
      Thread writer = Thread.ofVirtual().start(() -> writeUntilClosed(client, taken));
      long before = -1;
      while (taken.get() != before) {
        before = taken.get();
        Thread.sleep(1_000);
      }
      // Socket buffers of the kernel on both sides, and no more than little of our own.
      assertTrue(before > 0 && before < 64L << 20, before + " bytes were taken");
      there.close();
      assertTrue(writer.join(Duration.ofMillis(LIMIT_MILLIS)));
    }
  }

  @Test
  void furtherConnectionsAreRefusedAndCountedDownAgain() throws Exception {
    Host up = host();
    Forwarder forwarder = forwarder(1, up.address());
    try (Socket one = client(forwarder)) {
      one.getOutputStream().write(1);
      assertEquals(1, up.next().getInputStream().read());
      try (Socket two = client(forwarder)) {
        assertEquals(-1, two.getInputStream().read());
      }
    }
    long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(LIMIT_MILLIS);
    while (forwarder.openConnections() > 0 && System.nanoTime() - end < 0) {
      Thread.sleep(20);
    }
    try (Socket three = client(forwarder)) {
      three.getOutputStream().write(3);
      assertEquals(3, up.next().getInputStream().read());
    }
  }

  @Test
  void withNobodyThereTheClientIsToldByAClosedConnection() throws Exception {
    Forwarder forwarder = forwarder(10, nobody(), nobody());
    try (Socket client = client(forwarder)) {
      assertEquals(-1, client.getInputStream().read());
    }
  }

  @Test
  void aPortInUseIsAnError() throws Exception {
    Host up = host();
    assertThrows(DvxException.class, () -> Forwarder.start(up.address(), List.of(ANY), 1));
  }

  @Test
  void addressesAreChecked() {
    assertEquals(new Address("fd00::6", 2049), Address.of("[fd00::6]:2049", 1));
    assertEquals("[fd00::6]:2049", Address.of("[fd00::6]:2049", 1).toString());
    for (String bad :
        List.of("", "host", ":2049", "host:", "host:0", "host:65536", "host:-1", "fd00::6:2049")) {
      assertThrows(DvxException.class, () -> Address.of(bad, 1), bad);
    }
  }

  private Forwarder forwarder(int most, Address... hosts) throws Exception {
    Forwarder forwarder = Forwarder.start(ANY, List.of(hosts), most);
    toClose.add(forwarder);
    return forwarder;
  }

  private Socket client(Forwarder forwarder) throws IOException {
    Socket client = new Socket();
    client.connect(
        new InetSocketAddress(InetAddress.getLoopbackAddress(), forwarder.port()), LIMIT_MILLIS);
    client.setSoTimeout(LIMIT_MILLIS);
    return client;
  }

  /** An address that refuses connections. */
  private static Address nobody() throws IOException {
    try (ServerSocket once = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return new Address("127.0.0.1", once.getLocalPort());
    }
  }

  private Host host() throws IOException {
    Host host = new Host(new ServerSocket(0, 8, InetAddress.getLoopbackAddress()));
    toClose.add(host);
    return host;
  }

  private record Host(ServerSocket listening) implements AutoCloseable {
    Address address() {
      return new Address("127.0.0.1", listening.getLocalPort());
    }

    Socket next() throws IOException {
      listening.setSoTimeout(LIMIT_MILLIS);
      Socket taken = listening.accept();
      taken.setSoTimeout(LIMIT_MILLIS);
      return taken;
    }

    @Override
    public void close() throws IOException {
      listening.close();
    }
  }

  private static void writeUntilClosed(Socket client, AtomicLong taken) {
    byte[] block = new byte[1 << 16];
    try {
      while (true) {
        client.getOutputStream().write(block);
        taken.addAndGet(block.length);
      }
    } catch (IOException _) {
      // The end that the test waits for.
    }
  }

  private interface Io<T> {
    T run() throws IOException;
  }

  private static <T> T ignoring(Io<T> io) {
    try {
      return io.run();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
