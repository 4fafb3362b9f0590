package org.opendvx.core.cluster;

import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.clean.Referrers;
import org.opendvx.core.cluster.CleaningPart.Keys;
import org.opendvx.core.cluster.CleaningPart.Report;
import org.opendvx.core.cluster.CleaningPart.Written;
import org.opendvx.core.datastore.Reclaim;
import org.opendvx.core.datastore.StoredRoots;
import org.opendvx.core.datastore.StoredRoots.Checkpoint;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.pool.RecordStore;
import org.opendvx.core.tree.NodeWalk;

/**
 * All roots of a pool of several hosts, as the cleaner asks them, which runs beside the engine of
 * the namespace's root. A round goes on only as long as each root is served, by the same engine
 * from beginning to end of the walk; docs/cleaner.md says why nothing is missed then. Confined to
 * the cleaner's thread but for {@link #end}, {@link #checkpoints} and {@link #changes}.
 */
final class AllRoots implements Referrers {
  private static final Duration SLICE = Duration.ofMillis(100);
  private static final long FRESH_NANOS = TimeUnit.MILLISECONDS.toNanos(200);

  /** A call that waits for several things at a host, each of which may take the limit. */
  private static final int WAITS = 4;

  private final ServedRoot namespace;
  private final Roots roots;
  private final Peers peers;
  private final Membership membership;
  private final CleaningPart part;
  private final BarrierCut cuts;
  private final RecordStore records;
  private final SecureRandom random = new SecureRandom();
  private volatile boolean ended;

  private long round;
  private Duration limit = Duration.ZERO;

  /** Of the round that goes on, by root. */
  private Map<String, Long> incarnations = Map.of();

  private Map<String, Written> written = Map.of();

  /**
   * What the register says of checkpoints.
   *
   * @param numbers sum of their numbers
   * @param lsns sum of their last journal records
   */
  private record Sums(long numbers, long lsns, long atNanos) {}

  private volatile @Nullable Sums sums;

  AllRoots(
      ServedRoot namespace,
      Roots roots,
      Peers peers,
      Membership membership,
      CleaningPart part,
      BarrierCut cuts,
      RecordStore records) {
    this.namespace = namespace;
    this.roots = roots;
    this.peers = peers;
    this.membership = membership;
    this.part = part;
    this.cuts = cuts;
    this.records = records;
  }

  /** Breaks off what waits. */
  void end() {
    ended = true;
  }

  @Override
  public void check() {
    if (ended || !namespace.serves()) {
      throw failure("This host does not serve the directories any more", null);
    }
  }

  @Override
  public void drain(Duration newLimit) throws InterruptedException {
    limit = newLimit;
    round = random.nextLong();
    written = Map.of();
    // After condemning was noted: a root that is not among them reads that before it is opened.
    Collection<String> all = StoredRoots.incarnations(records).keySet();
    incarnations =
        ask(
            all,
            root -> part.takeUp(root, round, limit),
            name -> new PeerCall.TakeUp(name, round, limit.toMillis()),
            Wire.In::getLong);
  }

  @Override
  public void checkpoint(Duration newLimit) throws InterruptedException {
    Map<String, Written> done =
        ask(
            incarnations.keySet(),
            root -> part.checkpoint(root, round, newLimit),
            name -> new PeerCall.Checkpoint(name, round, newLimit.toMillis()),
            Written::decode);
    done.forEach((name, one) -> requireSame(name, one.incarnation()));
    written = done;
  }

  @Override
  public long walk(NodeWalk.Visitor visitor) throws InterruptedException {
    // The order of these is what the proof in docs/cleaner.md rests on.
    Map<String, Checkpoint> checkpoints = new LinkedHashMap<>();
    for (Map.Entry<String, Written> each : written.entrySet()) {
      checkpoints.put(each.getKey(), checkpoint(each.getKey(), each.getValue()));
    }
    awaitCuts();
    Map<String, Report> reports =
        ask(
            incarnations.keySet(),
            root -> part.report(root, round),
            name -> new PeerCall.Report(name, round),
            Report::decode);
    reports.forEach((name, one) -> requireSame(name, one.incarnation()));
    if (!StoredRoots.incarnations(records).equals(incarnations)) {
      throw failure("A root was opened by another host, or made, meanwhile", null);
    }
    Reclaim reader = namespace.store().reclaim();
    long sum = 0;
    for (Checkpoint checkpoint : checkpoints.values()) {
      reader.walk(checkpoint, visitor);
      sum += checkpoint.number();
    }
    for (Report report : reports.values()) {
      report.parcels().forEach(parcel -> reader.walkParcel(parcel, visitor));
    }
    return sum;
  }

  private void awaitCuts() throws InterruptedException {
    long end = System.nanoTime() + limit.toNanos();
    while (!cuts.awaitEnd(SLICE)) {
      check();
      if (System.nanoTime() - end > 0) {
        throw failure("Snapshots that are being taken do not end", null);
      }
    }
  }

  private Checkpoint checkpoint(String root, Written told) {
    Checkpoint found =
        StoredRoots.checkpoint(records, root)
            .orElseThrow(() -> failure("Root " + root + " has no checkpoint", null));
    if (found.number() < told.checkpoint()) {
      throw failure("The checkpoint of root " + root + " is an older one", null);
    }
    return found;
  }

  private void requireSame(String root, long incarnation) {
    Long before = incarnations.get(root);
    if (before == null || before != incarnation) {
      throw failure("Root " + root + " was opened anew meanwhile", null);
    }
  }

  @Override
  public void letGo(Duration newLimit) throws InterruptedException {
    Collection<String> all = StoredRoots.incarnations(records).keySet();
    Map<String, Long> _ =
        ask(
            all,
            root -> part.letGo(root, newLimit),
            name -> new PeerCall.LetGo(name, newLimit.toMillis()),
            Wire.In::getLong);
  }

  @Override
  public long followKeys(int current, int newest, boolean newContainers, Duration newLimit)
      throws InterruptedException {
    limit = newLimit;
    check();
    // After the ring was stored: a root that is not among them reads it before it is opened.
    Map<String, Long> all = StoredRoots.incarnations(records);
    Map<String, Keys> known =
        ask(
            all.keySet(),
            root -> part.followKeys(root, newContainers),
            name -> new PeerCall.Keys(name, newContainers),
            Keys::decode);
    long lowest = Long.MAX_VALUE;
    for (Map.Entry<String, Keys> each : known.entrySet()) {
      Keys keys = each.getValue();
      // Another incarnation than the one in the list: who answered may not serve it any more.
      if (!Objects.equals(all.get(each.getKey()), keys.incarnation())) {
        throw failure("Root " + each.getKey() + " was opened anew meanwhile", null);
      }
      if (keys.current() < current || keys.newest() < newest) {
        throw failure("The server of root " + each.getKey() + " has an older key ring", null);
      }
      lowest = Math.min(lowest, keys.lowestOpen());
    }
    return lowest;
  }

  /** A question that is under way. */
  private record Asked<T>(String root, String host, CompletableFuture<T> answer) {}

  /** Asks the servers of all these roots at once. */
  private <T> Map<String, T> ask(
      Collection<String> names,
      Function<ServedRoot, T> here,
      Function<String, PeerCall> there,
      Function<Wire.In, T> reader)
      throws InterruptedException {
    List<Asked<T>> all = new ArrayList<>();
    Duration within = limit.multipliedBy(WAITS);
    for (String name : names) {
      ServedRoot local = roots.local(name);
      String host = local == null ? server(name) : "";
      if (local == null && host.isEmpty()) {
        throw failure("Root " + name + " is served by no host now", null);
      }
      CompletableFuture<T> answer =
          local != null
              ? Tasks.start(() -> here.apply(local))
              : peers.call(host, there.apply(name), within).thenApply(reader);
      all.add(new Asked<>(name, host, answer));
    }
    long end = System.nanoTime() + within.toNanos();
    Map<String, T> answers = new LinkedHashMap<>();
    for (Asked<T> each : all) {
      answers.put(each.root(), await(each, end));
    }
    return answers;
  }

  private String server(String root) {
    String known = roots.server(root);
    if (known.isEmpty() || !membership.holds(known)) {
      roots.refresh(root);
    }
    return roots.server(root);
  }

  private <T> T await(Asked<T> asked, long end) throws InterruptedException {
    while (true) {
      try {
        return asked.answer().get(SLICE.toMillis(), TimeUnit.MILLISECONDS);
      } catch (ExecutionException e) {
        Throwable cause = ServedRoot.cause(e.getCause());
        throw failure(who(asked) + " does not take part: " + said(cause), cause);
      } catch (TimeoutException _) {
        check();
        if (!asked.host().isEmpty() && !membership.holds(asked.host())) {
          throw failure(who(asked) + " holds no lease", null);
        }
        if (System.nanoTime() - end > 0) {
          throw failure(who(asked) + " does not answer", null);
        }
      }
    }
  }

  private static String who(Asked<?> asked) {
    return asked.host().isEmpty()
        ? "Root " + asked.root() + ", here,"
        : "Root " + asked.root() + " at host " + asked.host();
  }

  private static String said(@Nullable Throwable cause) {
    return cause == null ? "no reason is known" : String.valueOf(cause.getMessage());
  }

  private static DvxException failure(String why, @Nullable Throwable cause) {
    var failure =
        DvxException.of(Kind.UNAVAILABLE, "The pool is not cleaned for now")
            .cause(why)
            .remedy("Nothing: it is tried again, and goes on when every root is served");
    return cause == null ? failure.build() : failure.causedBy(cause).build();
  }

  @Override
  public long checkpoints() {
    return sums().numbers();
  }

  @Override
  public long changes() {
    // What others changed is known with their next checkpoint.
    return sums().lsns() + namespace.store().reclaim().changes();
  }

  private Sums sums() {
    Sums known = sums;
    if (known != null && System.nanoTime() - known.atNanos() < FRESH_NANOS) {
      return known;
    }
    long numbers = 0;
    long lsns = 0;
    try {
      for (String root : StoredRoots.incarnations(records).keySet()) {
        Checkpoint found = StoredRoots.checkpoint(records, root).orElse(null);
        numbers += found == null ? 0 : found.number();
        lsns += found == null || root.equals(namespace.name()) ? 0 : found.lsn();
      }
    } catch (DvxException e) {
      if (known != null) {
        // The register is away: what is known is not newer than what is there.
        return known;
      }
      numbers = 0;
      lsns = 0;
    }
    Sums found = new Sums(numbers, lsns, System.nanoTime());
    sums = found;
    return found;
  }

  @Override
  public boolean oneSequence() {
    return false;
  }
}
