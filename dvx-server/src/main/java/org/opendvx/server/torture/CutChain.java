package org.opendvx.server.torture;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;
import org.opendvx.core.error.DvxException;
import org.opendvx.server.api.MoveRequest;
import org.opendvx.server.api.MovedView;
import org.opendvx.server.api.NodeFile;
import org.opendvx.server.api.SnapshotRequest;
import org.opendvx.server.api.SnapshotTaken;
import org.opendvx.server.bench.rpc.Nfs3;
import org.opendvx.server.bench.rpc.NfsException;
import org.opendvx.server.bench.rpc.NfsSession;
import org.opendvx.server.bench.rpc.NfsSession.RemoteFile;
import org.opendvx.server.cli.NodeApi;
import org.opendvx.server.cli.RestClient;
import org.opendvx.server.lab.HostLab;

/**
 * Writes that depend on each other, over a file at each host, and cuts of all of them: number n
 * goes to file n modulo the number of hosts once n - 1 was acknowledged. A cut must hold a whole
 * prefix of the numbers, all that was acknowledged before it was asked for, and nothing that was
 * begun after it was answered.
 */
final class CutChain {
  private static final String FOLDER = "chain";
  private static final int BLOCK = 4096;
  private static final Duration LIMIT = Duration.ofSeconds(90);
  private static final int KEPT_OF = 8;
  private static final int LONGEST_PAUSE_MILLIS = 40;

  private final HostLab lab;
  private final List<String> hosts;
  private final long seed;
  private final List<byte[]> files = new ArrayList<>();
  private final AtomicLong begun = new AtomicLong();
  private final AtomicLong acknowledged = new AtomicLong();
  private final AtomicLong cuts = new AtomicLong();
  private final AtomicLong refused = new AtomicLong();

  CutChain(HostLab lab, List<String> hosts, long seed) {
    this.lab = lab;
    this.hosts = hosts;
    this.seed = seed;
  }

  /** Makes the files, one at each host. */
  void make(HostClient client) throws IOException, InterruptedException {
    byte[] folder =
        client.persist(session -> session.makeDirectory(session.root(), FOLDER).handle());
    for (String host : hosts) {
      files.add(client.persist(session -> session.create(folder, host).handle()));
      try (RestClient rest = RestClient.of(lab.node(host))) {
        String path = "/" + FOLDER + "/" + host;
        MovedView _ = rest.post("placement", new MoveRequest(path, host), MovedView.class);
      }
    }
  }

  /** Cuts that were judged. */
  long cuts() {
    return cuts.get();
  }

  /** Cuts that were not made, because a host was dead or did not answer. */
  long refused() {
    return refused.get();
  }

  /** Writes number after number, until it is over. */
  void write(HostClient client, BooleanSupplier over) throws IOException, InterruptedException {
    while (!over.getAsBoolean()) {
      long number = begun.incrementAndGet();
      byte[] handle = files.get((int) (number % files.size()));
      byte[] content = content(number);
      int _ = client.persist(session -> session.write(handle, 0, content));
      acknowledged.set(number);
    }
  }

  /**
   * Cuts and judges, until it is over.
   *
   * @return what is wrong, empty for nothing
   */
  String cut(HostClient client, BooleanSupplier over) throws IOException, InterruptedException {
    Random random = new Random(seed);
    for (int number = 0; !over.getAsBoolean(); number++) {
      String name = "cut" + number;
      long least = acknowledged.get();
      boolean made = make(name, random);
      long most = begun.get();
      Optional<RemoteFile> found = find(client, name);
      if (made && found.isEmpty()) {
        return name + " was made and is not there";
      }
      if (found.isPresent()) {
        String wrong = judge(client, found.get().handle(), least, made ? most : begun.get());
        if (!wrong.isEmpty()) {
          return name + ": " + wrong;
        }
        long _ = cuts.incrementAndGet();
        if (number % KEPT_OF != 0) {
          forget(name, random);
        }
      } else {
        long _ = refused.incrementAndGet();
      }
      Thread.sleep(random.nextInt(LONGEST_PAUSE_MILLIS));
    }
    return "";
  }

  private Optional<NodeFile> any(Random random) {
    Map<String, NodeFile> serving = lab.serving();
    List<String> names = serving.keySet().stream().sorted().toList();
    return names.isEmpty()
        ? Optional.empty()
        : Optional.ofNullable(serving.get(names.get(random.nextInt(names.size()))));
  }

  private boolean make(String name, Random random) {
    Optional<NodeFile> host = any(random);
    if (host.isEmpty()) {
      return false;
    }
    SnapshotRequest request =
        new SnapshotRequest(null, List.of("/" + FOLDER), name, Map.of(), null);
    try (NodeApi api = new NodeApi(RestClient.of(host.get()))) {
      SnapshotTaken _ = api.await("snapshots", request, SnapshotTaken.class, LIMIT);
      return true;
    } catch (IOException | DvxException _) {
      return false;
    }
  }

  private void forget(String name, Random random) {
    Optional<NodeFile> host = any(random);
    if (host.isPresent()) {
      try (RestClient rest = RestClient.of(host.get())) {
        rest.delete("snapshots/" + name);
      } catch (IOException | DvxException _) {
        // It stays: one more to look through.
      }
    }
  }

  private static Optional<RemoteFile> find(HostClient client, String name)
      throws IOException, InterruptedException {
    return client.persist(
        session -> {
          byte[] all = session.lookup(session.root(), ".snapshots").orElseThrow().handle();
          return session.lookup(all, name);
        });
  }

  private String judge(HostClient client, byte[] cut, long least, long most)
      throws IOException, InterruptedException {
    List<Long> numbers = new ArrayList<>();
    for (String host : hosts) {
      byte[] read = client.persist(session -> frozen(session, cut, host));
      long number = read.length == 0 ? 0 : ByteBuffer.wrap(read).getLong();
      if (number != 0 && !ByteBuffer.wrap(read).equals(ByteBuffer.wrap(content(number)))) {
        return host + " is torn, of write " + number;
      }
      numbers.add(number);
    }
    long last = Collections.max(numbers);
    if (last < least || last > most) {
      return "%s, with %d acknowledged before and %d begun".formatted(numbers, least, most);
    }
    for (int i = 0; i < numbers.size(); i++) {
      long due = Math.max(0, last - Math.floorMod(last - i, (long) numbers.size()));
      if (numbers.get(i) != due) {
        return "%s: file %d must hold %d".formatted(numbers, i, due);
      }
    }
    return "";
  }

  private static byte[] frozen(NfsSession session, byte[] cut, String host) throws IOException {
    byte[] folder = session.lookup(cut, FOLDER).orElseThrow(() -> gone(FOLDER)).handle();
    byte[] file = session.lookup(folder, host).orElseThrow(() -> gone(host)).handle();
    return session.read(file, 0, BLOCK);
  }

  private static NfsException gone(String name) {
    return new NfsException("LOOKUP of " + name + " in a cut", Nfs3.ERR_NOENT);
  }

  private static byte[] content(long number) {
    ByteBuffer block = ByteBuffer.allocate(BLOCK);
    while (block.hasRemaining()) {
      block.putLong(number);
    }
    return block.array();
  }
}
