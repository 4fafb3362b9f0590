package org.opendvx.server.hosts;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.opendvx.server.DvxCommand;
import org.opendvx.server.bench.rpc.Nfs3;
import org.opendvx.server.bench.rpc.NfsException;
import org.opendvx.server.lab.HostLab;

/**
 * {@code dvx host} as three processes around one {@code dvx datanode}, used by NFS clients, and
 * killed. One set of processes for all tests, since starting them takes longest: each test leaves
 * all of them running.
 */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class HostsProcessTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int OK = 0;

  @TempDir private static Path folder;

  @SuppressWarnings("NullAway.Init") // before all tests
  private static HostProcesses hosts;

  @BeforeAll
  static void start() throws Exception {
    hosts = new HostProcesses(folder);
    boolean done = false;
    try {
      hosts.lab().startDataNode();
      for (String name : List.of("h1", "h2", "h3")) {
        hosts.lab().join(name, "");
      }
      hosts.lab().start(List.of("h1", "h2", "h3"));
      done = true;
    } finally {
      if (!done) {
        hosts.close();
      }
    }
  }

  @AfterAll
  static void end() {
    hosts.close();
  }

  private static NfsClient mount(String host) throws IOException {
    return hosts.mount(host, BlockWriter.CALL, BlockWriter.PATIENCE);
  }

  private static JsonNode ask(String host, String... command) throws IOException {
    List<String> all = new ArrayList<>(List.of(command));
    all.addAll(List.of("-o", "json"));
    return JSON.readTree(DvxCommand.run(hosts.lab().at(host), all.toArray(String[]::new)));
  }

  private static BlockWriter writer(String name, long seed, String... at) {
    BlockWriter writer = new BlockWriter(hosts, name, seed, List.of(at));
    writer.setDaemon(true);
    writer.start();
    return writer;
  }

  private static String ownerOf(String path, String asked) throws IOException {
    return ask(asked, "vm", "where", path).at("/files/0/host").asText();
  }

  @Test
  @Order(1)
  @Timeout(240)
  void eachHostShowsTheSameFilesAndTellsWhoServesThem() throws Exception {
    JsonNode list = ask("h2", "host", "list");
    assertEquals(3, list.get("items").size(), list::toString);
    for (JsonNode host : list.get("items")) {
      assertEquals("HELD", host.get("state").asText(), list::toString);
    }
    byte[] content = new byte[Blocks.SIZE];
    new Random(1).nextBytes(content);
    try (NfsClient h1 = mount("h1");
        NfsClient h3 = mount("h3")) {
      byte[] file = h1.file(h1.folder("seen"), "disk");
      h1.write(file, 0, content);
      byte[] other = h3.lookup(h3.lookup(h3.root(), "seen").orElseThrow(), "disk").orElseThrow();
      assertEquals(ByteBuffer.wrap(file), ByteBuffer.wrap(other), "the same handle everywhere");
      assertEquals(ByteBuffer.wrap(content), ByteBuffer.wrap(h3.read(other, 0, content.length)));
      JsonNode moved = ask("h1", "vm", "move-simulate", "/seen", "--to", "h3");
      assertEquals(1, moved.get("files").asInt());
      assertEquals("h3", ownerOf("/seen", "h2"));
      assertEquals(ByteBuffer.wrap(content), ByteBuffer.wrap(h1.read(file, 0, content.length)));
    }
    assertTrue(ask("h3", "host", "list").at("/self/handOvers").asLong() > 0);
  }

  @Test
  @Order(2)
  @Timeout(240)
  void inTheSteadyStateNothingGoesBetweenHosts() throws Exception {
    try (NfsClient client = mount("h2")) {
      byte[] file = client.file(client.root(), "steady");
      ask("h2", "vm", "move-simulate", "/steady", "--to", "h2");
      for (int block = 0; block < 16; block++) {
        client.write(file, (long) block * Blocks.SIZE, new byte[Blocks.SIZE]);
      }
      // What was begun before may still be on its way, for long where the machine is busy; what
      // peers hold is asked for once more at the end of a pause of 5 s.
      Map<String, JsonNode> before = figures();
      for (int look = 0; look < 10; look++) {
        Thread.sleep(6500);
        Map<String, JsonNode> now = figures();
        boolean quiet = sent(now) == sent(before);
        before = now;
        if (quiet) {
          break;
        }
      }
      long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(6);
      int operations = 0;
      Map<String, JsonNode> start = before;
      Random random = new Random(2);
      while (System.nanoTime() - end < 0) {
        long offset = (long) random.nextInt(16) * Blocks.SIZE;
        if (random.nextBoolean()) {
          client.write(file, offset, new byte[Blocks.SIZE]);
        } else {
          client.read(file, offset, Blocks.SIZE);
        }
        operations++;
      }
      Map<String, JsonNode> after = figures();
      for (String host : List.of("h1", "h2", "h3")) {
        for (String figure : List.of("sentBytes", "receivedBytes", "forwardedOperations")) {
          assertEquals(
              figure(start, host, figure),
              figure(after, host, figure),
              () -> figure + " of " + host + hosts.lab().logs());
        }
      }
      long here = figure(after, "h2", "localOperations") - figure(start, "h2", "localOperations");
      assertTrue(here >= operations, here + " of " + operations);
    }
  }

  private static long sent(Map<String, JsonNode> figures) {
    return figures.keySet().stream().mapToLong(host -> figure(figures, host, "sentBytes")).sum();
  }

  private static long figure(Map<String, JsonNode> figures, String host, String name) {
    return Objects.requireNonNull(figures.get(host), host).get(name).asLong();
  }

  private static Map<String, JsonNode> figures() throws IOException {
    Map<String, JsonNode> figures = new HashMap<>();
    for (String host : List.of("h1", "h2", "h3")) {
      figures.put(host, ask(host, "host", "list").get("self"));
    }
    return figures;
  }

  @Test
  @Order(3)
  @Timeout(240)
  void onlyOneOfTwoHostsWinsARaceForAName() throws Exception {
    try (NfsClient h1 = mount("h1");
        NfsClient h2 = mount("h2");
        NfsClient h3 = mount("h3");
        ExecutorService threads = Executors.newFixedThreadPool(2)) {
      byte[] directory = h1.folder("race");
      for (int round = 0; round < 20; round++) {
        String name = "lock" + round;
        List<Integer> made =
            together(
                threads,
                () -> h1.createExclusively(directory, name, 1),
                () -> h2.createExclusively(directory, name, 2));
        assertEquals(1, made.stream().filter(status -> status == OK).count(), made::toString);
        assertTrue(made.contains(Nfs3.ERR_EXIST), made::toString);
        List<Integer> renamed =
            together(
                threads,
                () -> h1.rename(directory, name, directory, name + "-a"),
                () -> h2.rename(directory, name, directory, name + "-b"));
        assertEquals(1, renamed.stream().filter(s -> s == OK).count(), renamed::toString);
        assertTrue(renamed.contains(Nfs3.ERR_NOENT), renamed::toString);
        assertTrue(h3.lookup(directory, name).isEmpty());
        assertEquals(renamed.get(0) == OK, h3.lookup(directory, name + "-a").isPresent());
        assertEquals(renamed.get(1) == OK, h3.lookup(directory, name + "-b").isPresent());
      }
    }
  }

  private static List<Integer> together(
      ExecutorService threads, Callable<Integer> one, Callable<Integer> other) throws Exception {
    CountDownLatch go = new CountDownLatch(1);
    List<Future<Integer>> both = new ArrayList<>();
    for (Callable<Integer> each : List.of(one, other)) {
      both.add(
          threads.submit(
              () -> {
                go.await();
                return each.call();
              }));
    }
    go.countDown();
    return List.of(both.get(0).get(90, TimeUnit.SECONDS), both.get(1).get(90, TimeUnit.SECONDS));
  }

  @Test
  @Order(4)
  @Timeout(240)
  void leasesOf512BytesInOneBlockAreLinearizableOverTwoHosts() throws Exception {
    int clients = 4;
    int sectors = 2;
    List<History> histories = new ArrayList<>();
    for (int sector = 0; sector < sectors; sector++) {
      histories.add(new History(clients));
    }
    byte[] file;
    try (NfsClient h1 = mount("h1")) {
      file = h1.file(h1.root(), "leases");
      h1.write(file, 0, new byte[Blocks.SIZE]);
    }
    try (ExecutorService threads = Executors.newFixedThreadPool(clients)) {
      List<Future<Boolean>> running = new ArrayList<>();
      for (int client = 0; client < clients; client++) {
        int own = client;
        running.add(threads.submit(() -> renewLeases(own, file, histories)));
      }
      ask("h3", "vm", "move-simulate", "/leases", "--to", "h2");
      ask("h3", "vm", "move-simulate", "/leases", "--to", "h1");
      for (Future<Boolean> each : running) {
        assertTrue(each.get(120, TimeUnit.SECONDS));
      }
    }
    for (History history : histories) {
      System.out.println("leases: " + history.size() + " steps");
      assertTrue(history.linearizable(0), history::toString);
    }
  }

  private static boolean renewLeases(int client, byte[] file, List<History> histories)
      throws IOException {
    Random random = new Random(client);
    try (NfsClient nfs = mount(client % 2 == 0 ? "h1" : "h2")) {
      for (int step = 1; step <= 60; step++) {
        int sector = random.nextInt(histories.size());
        boolean write = random.nextBoolean();
        long value = write ? client * 1000L + step : 0;
        long start = System.nanoTime();
        if (write) {
          nfs.write(file, sector * 512L, sector(value));
        } else {
          value = value(nfs.read(file, sector * 512L, 512));
        }
        long end = System.nanoTime();
        histories.get(sector).add(client, new History.Step(write, value, start, end));
      }
      return true;
    }
  }

  private static byte[] sector(long value) {
    ByteBuffer bytes = ByteBuffer.allocate(512);
    while (bytes.hasRemaining()) {
      bytes.putLong(value);
    }
    return bytes.array();
  }

  private static long value(byte[] sector) {
    ByteBuffer bytes = ByteBuffer.wrap(sector);
    long value = bytes.getLong(0);
    while (bytes.hasRemaining()) {
      assertEquals(value, bytes.getLong(), "a torn sector");
    }
    return value;
  }

  @Test
  @Order(5)
  @Timeout(240)
  void aSnapshotOverThreeHostsHoldsNoWriteWithoutTheOneBefore() throws Exception {
    List<String> names = List.of("h1", "h2", "h3");
    Map<String, NfsClient> clients = new HashMap<>();
    List<byte[]> files = new ArrayList<>();
    try (NfsClient reader = mount("h2")) {
      byte[] directory = reader.folder("group");
      for (String host : names) {
        clients.put(host, mount(host));
        files.add(reader.file(directory, host));
        ask("h1", "vm", "move-simulate", "/group/" + host, "--to", host);
      }
      AtomicBoolean ending = new AtomicBoolean();
      AtomicLong written = new AtomicLong();
      CompletableFuture<Long> writing =
          CompletableFuture.supplyAsync(() -> writeInTurn(names, clients, files, written, ending));
      for (int cut = 0; cut < 8; cut++) {
        ask("h2", "snapshot", "create", "--path", "/group", "--name", "cut" + cut);
        long until = written.get() + 6;
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        while (written.get() < until) {
          assertTrue(System.nanoTime() - end < 0, () -> "writes stand still" + hosts.lab().logs());
          Thread.sleep(5);
        }
      }
      ending.set(true);
      System.out.println("in turn: " + writing.get(90, TimeUnit.SECONDS) + " writes");
      byte[] snapshots = reader.lookup(reader.root(), ".snapshots").orElseThrow();
      long before = 0;
      for (int cut = 0; cut < 8; cut++) {
        byte[] frozen = reader.lookup(snapshots, "cut" + cut).orElseThrow();
        frozen = reader.lookup(frozen, "group").orElseThrow();
        List<Long> values = new ArrayList<>();
        for (String host : names) {
          byte[] file = reader.lookup(frozen, host).orElseThrow();
          byte[] read = reader.read(file, 0, 512);
          values.add(read.length == 0 ? 0 : value(read));
        }
        long last = Collections.max(values);
        for (int i = 0; i < names.size(); i++) {
          long back = Math.floorMod(last - i, 3L);
          assertEquals(Math.max(0, last - back), values.get(i), "cut" + cut + ": " + values);
        }
        assertTrue(last >= before, "cuts follow each other");
        before = last;
      }
      assertTrue(before > 0, "writes went on");
    } finally {
      for (NfsClient client : clients.values()) {
        client.close();
      }
    }
  }

  /** Number n goes to file n mod 3 once n - 1 was acknowledged. */
  private static long writeInTurn(
      List<String> names,
      Map<String, NfsClient> clients,
      List<byte[]> files,
      AtomicLong written,
      AtomicBoolean ending) {
    long number = 0;
    try {
      while (!ending.get()) {
        number++;
        int file = (int) (number % 3);
        Objects.requireNonNull(clients.get(names.get(file)))
            .write(files.get(file), 0, sector(number));
        written.set(number);
      }
      return number;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Test
  @Order(6)
  @Timeout(240)
  void theFilesOfAKilledHostAreSoonWritableElsewhereAndNothingAcknowledgedIsLost()
      throws Exception {
    List<BlockWriter> writers =
        List.of(writer("killed0", 7, "h1", "h2"), writer("killed1", 8, "h1", "h3"));
    for (BlockWriter writer : writers) {
      long _ = writer.awaitAt("h1");
      writer.awaitMore(200);
      ask("h2", "vm", "move-simulate", "/" + writer.file(), "--to", "h1");
    }
    hosts.lab().kill(List.of("h1"));
    long killed = System.nanoTime();
    for (BlockWriter writer : writers) {
      long took = writer.awaitAt(writer == writers.get(0) ? "h2" : "h3") - killed;
      System.out.printf("%s was written elsewhere after %d ms%n", writer.file(), took / 1_000_000);
      assertTrue(took < TimeUnit.SECONDS.toNanos(30), () -> "late: " + took + hosts.lab().logs());
    }
    for (BlockWriter writer : writers) {
      writer.finish();
      writer.verify("h2");
      writer.verify("h3");
    }
    hosts.lab().start(List.of("h1"));
    for (BlockWriter writer : writers) {
      writer.verify("h1");
    }
  }

  @Test
  @Order(7)
  @Timeout(240)
  void clientsStallAndGoOnWhenTheDataNodeIsKilledAndStartedAgain() throws Exception {
    List<BlockWriter> writers = List.of(writer("node0", 11, "h1"), writer("node1", 12, "h2"));
    for (BlockWriter writer : writers) {
      writer.awaitMore(200);
    }
    hosts.lab().kill(List.of(HostLab.DATA_NODE));
    Thread.sleep(4000);
    hosts.lab().startDataNode();
    for (BlockWriter writer : writers) {
      writer.awaitMore(200);
    }
    for (BlockWriter writer : writers) {
      writer.finish();
      writer.verify("h3");
    }
  }

  @Test
  @Order(8)
  @Timeout(300)
  void oneHostOfThreeGoesOnWithTheFilesOfAllWhenTheOthersAreKilled() throws Exception {
    List<BlockWriter> writers =
        List.of(
            writer("most0", 21, "h1", "h2"),
            writer("most1", 22, "h2"),
            writer("most2", 23, "h3", "h2"));
    for (BlockWriter writer : writers) {
      writer.awaitMore(200);
    }
    hosts.lab().kill(List.of("h1", "h3"));
    writers.get(1).awaitMore(200);
    long _ = writers.get(0).awaitAt("h2");
    long _ = writers.get(2).awaitAt("h2");
    for (BlockWriter writer : writers) {
      writer.finish();
      writer.verify("h2");
    }
    hosts.lab().start(List.of("h1", "h3"));
    for (BlockWriter writer : writers) {
      writer.verify("h1");
      writer.verify("h3");
    }
  }

  @Test
  @Order(9)
  @Timeout(300)
  void aHostThatWakesAfterItsFilesWereTakenOverChangesNothingAndAnswersNothingOld()
      throws Exception {
    hosts.lab().end("h3");
    hosts.lab().configure("h3", "  hypervisors: [esx3]\n  confirm-machines: on\n");
    hosts.lab().start(List.of("h3"));
    int blocks = 6;
    Blocks content = new Blocks(31, blocks);
    List<NfsClient> clients = new ArrayList<>();
    try (NfsClient h2 = mount("h2");
        ExecutorService threads = Executors.newCachedThreadPool()) {
      byte[] file = h2.file(h2.root(), "late");
      for (int block = 0; block < blocks; block++) {
        h2.write(file, (long) block * Blocks.SIZE, content.content(block, 1));
      }
      ask("h2", "vm", "move-simulate", "/late", "--to", "h3");
      for (int i = 0; i < blocks + 2; i++) {
        clients.add(hosts.mount("h3", BlockWriter.CALL, Duration.ZERO));
      }
      // Some are in the middle of a write when the host is stopped; some send it one after that.
      List<Future<String>> late = new ArrayList<>();
      for (int block = 0; block < blocks - 2; block++) {
        late.add(threads.submit(writes(clients.get(block), file, content, block, 500)));
      }
      Thread.sleep(500);
      hosts.lab().pause("h3", true);
      for (int block = blocks - 2; block < blocks; block++) {
        late.add(threads.submit(writes(clients.get(block), file, content, block, 1)));
      }
      long stopped = System.nanoTime();
      for (int block = 0; block < blocks; block++) {
        content.begin(block, 9_999);
        h2.write(file, (long) block * Blocks.SIZE, content.content(block, 9_999));
        content.acknowledged(block, 9_999);
      }
      System.out.printf(
          "a stopped host's file was written elsewhere after %d ms%n",
          (System.nanoTime() - stopped) / 1_000_000);
      List<Future<byte[]>> reads = new ArrayList<>();
      for (int i = 0; i < 2; i++) {
        int block = i;
        NfsClient client = clients.get(blocks + i);
        reads.add(threads.submit(() -> client.read(file, (long) block * Blocks.SIZE, Blocks.SIZE)));
      }
      Thread.sleep(1000);
      hosts.lab().pause("h3", false);
      for (Future<String> each : late) {
        System.out.println("late: " + each.get(90, TimeUnit.SECONDS));
      }
      for (int i = 0; i < reads.size(); i++) {
        try {
          content.check(i, reads.get(i).get(90, TimeUnit.SECONDS), "a late read at h3");
        } catch (ExecutionException e) {
          assertTrue(e.getCause() instanceof IOException, () -> "refused, or cut off: " + e);
        }
      }
      for (int round = 0; round < 3; round++) {
        for (String host : List.of("h1", "h2", "h3")) {
          try (NfsClient client = mount(host)) {
            for (int block = 0; block < blocks; block++) {
              byte[] read = client.read(file, (long) block * Blocks.SIZE, Blocks.SIZE);
              content.check(block, read, "after the wake, at " + host);
            }
          }
        }
        Thread.sleep(500);
      }
      try (NfsClient again = hosts.mount("h3", BlockWriter.CALL, Duration.ZERO)) {
        NfsException refused =
            assertThrows(
                NfsException.class, () -> again.write(file, 0, content.content(0, 10_000)));
        assertEquals(Nfs3.ERR_JUKEBOX, refused.status(), "until it is known where machines run");
      }
      assertTrue(ask("h3", "host", "list").at("/self/barred").asBoolean());
    } finally {
      for (NfsClient client : clients) {
        client.close();
      }
    }
  }

  @Test
  @Order(10)
  @Timeout(240)
  void withItsNodeGoneAHypervisorIsServedThroughTheForwarder() throws Exception {
    byte[] before = new byte[Blocks.SIZE];
    byte[] meanwhile = new byte[Blocks.SIZE];
    new Random(10).nextBytes(before);
    new Random(11).nextBytes(meanwhile);
    byte[] file;
    try (NfsClient client = mount("h1")) {
      file = client.file(client.root(), "forwarded");
      client.write(file, 0, before);
    }
    hosts.lab().kill(List.of("h1"));
    hosts.startForwarder("forwarder", "h1", "h2", "h3");
    // The same address, the same handle; what the host had is another's after the take-over.
    try (NfsClient client = mount("h1")) {
      assertArrayEquals(before, client.read(file, 0, Blocks.SIZE));
      client.write(file, Blocks.SIZE, meanwhile);
    }
    hosts.lab().end("forwarder");
    hosts.lab().start(List.of("h1"));
    try (NfsClient client = mount("h1")) {
      assertArrayEquals(before, client.read(file, 0, Blocks.SIZE));
      assertArrayEquals(meanwhile, client.read(file, Blocks.SIZE, Blocks.SIZE));
    }
  }

  /** Writes a block again and again, until that fails. */
  private static Callable<String> writes(
      NfsClient client, byte[] file, Blocks content, int block, int most) {
    return () -> {
      for (int number = 2; number < 2 + most; number++) {
        try {
          client.write(file, (long) block * Blocks.SIZE, content.content(block, number));
        } catch (IOException e) {
          return block + " ended at " + number + " with " + e.getMessage();
        }
        if (most > 1) {
          Thread.sleep(2);
        }
      }
      return block + " wrote all";
    };
  }
}
