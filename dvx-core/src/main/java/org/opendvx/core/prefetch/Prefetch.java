package org.opendvx.core.prefetch;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Semaphore;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import org.opendvx.core.datastore.FileChunks;
import org.opendvx.core.peer.PeerTier;
import org.opendvx.core.vm.VmMobility;
import org.opendvx.core.vm.VmRef;

/**
 * Brings the hot chunks of machines that move here to the flash of this host, before they are read:
 * docs/prefetch.md. Thread-safe; events return at once.
 */
public final class Prefetch implements Consumer<VmMobility>, AutoCloseable {
  /** Runs that are remembered. */
  private static final int MOST_RUNS = 64;

  /** Runs for which use is counted. */
  private static final int MOST_COUNTED = 8;

  private final Set<String> host;
  private final PeerTier tier;
  private final Supplier<List<FileChunks>> here;
  private final Function<VmRef, List<Long>> files;
  private final PrefetchSettings settings;
  private final FetchPace pace;
  private final Semaphore slots;
  private final Deque<PrefetchRun> runs = new ArrayDeque<>();
  private final List<PrefetchRun> counted = new CopyOnWriteArrayList<>();
  private Totals forgotten = new Totals(0, 0, 0, 0, 0, 0, 0, 0);
  private long lastId;
  private boolean closed;

  /**
   * Prefetch for one host.
   *
   * @param host names of the hypervisor host beside it, as the hypervisor has them
   * @param here the files of the roots that this host serves at the time
   * @param files finds the ids of a machine's files; may block and fail
   */
  public Prefetch(
      Set<String> host,
      PeerTier tier,
      Supplier<List<FileChunks>> here,
      Function<VmRef, List<Long>> files,
      PrefetchSettings settings) {
    this.host = Set.copyOf(host);
    this.tier = tier;
    this.here = here;
    this.files = files;
    this.settings = settings;
    this.pace = new FetchPace(settings.bytesPerSecond());
    this.slots = new Semaphore(settings.runs());
    tier.onFlashRead(address -> counted.forEach(run -> run.read(address)));
  }

  @Override
  public void accept(VmMobility event) {
    switch (event) {
      case VmMobility.AboutToMove move when host.contains(move.target()) ->
          about(event.vm(), event.name(), move.source(), () -> files.apply(event.vm()));
      case VmMobility.Moved move when host.contains(move.target()) ->
          moved(event.vm(), event.name(), move.source(), () -> files.apply(event.vm()));
      case VmMobility.RestartedElsewhere move when host.contains(move.target()) ->
          begin(event.vm(), event.name(), move.source(), false, () -> files.apply(event.vm()));
      case VmMobility.PoweredOn _ -> {
        // Where it runs it was before, as far as anybody knows.
      }
      default -> cancel(event.vm());
    }
  }

  /**
   * A machine is about to move here.
   *
   * @param source the hypervisor host that it comes from, or the host beside that
   * @param ids finds its files; may block and fail
   */
  public void about(VmRef vm, String name, String source, Supplier<List<Long>> ids) {
    begin(vm, name, source, true, ids);
  }

  /** A machine has moved here. */
  public synchronized void moved(VmRef vm, String name, String source, Supplier<List<Long>> ids) {
    for (PrefetchRun run : runs) {
      if (run.vm().equals(vm) && run.moved()) {
        return;
      }
    }
    begin(vm, name, source, false, ids);
  }

  private synchronized void begin(
      VmRef vm, String name, String source, boolean announced, Supplier<List<Long>> ids) {
    if (closed) {
      return;
    }
    cancel(vm);
    PrefetchRun run =
        new PrefetchRun(++lastId, vm, name, source, announced, tier, here, ids, settings, pace);
    runs.addFirst(run);
    counted.addFirst(run);
    if (counted.size() > MOST_COUNTED) {
      counted.removeLast();
    }
    if (runs.size() > MOST_RUNS) {
      PrefetchRun oldest = runs.removeLast();
      oldest.cancel();
      forgotten = forgotten.plus(oldest.progress());
    }
    tier.refresh();
    Thread _ = Thread.ofVirtual().name("prefetch-" + name).start(() -> run.run(slots));
  }

  private synchronized void cancel(VmRef vm) {
    for (PrefetchRun run : runs) {
      if (run.vm().equals(vm) && !run.ended()) {
        run.cancel();
      }
    }
  }

  /** What was and is done, the latest first; the last 64. */
  public synchronized List<PrefetchProgress> progress() {
    return runs.stream().map(PrefetchRun::progress).toList();
  }

  /**
   * What all that began came to, in bytes of chunks but for the last.
   *
   * @param transferred sealed bytes
   */
  public record Totals(
      long started,
      long hot,
      long skipped,
      long fromPeers,
      long fromPool,
      long missed,
      long used,
      long transferred) {
    private Totals plus(PrefetchProgress run) {
      return new Totals(
          started + 1,
          hot + run.hotBytes(),
          skipped + run.skippedBytes(),
          fromPeers + run.peerBytes(),
          fromPool + run.poolBytes(),
          missed + run.missedBytes(),
          used + run.usedBytes(),
          transferred + run.transferredBytes());
    }
  }

  /** The sums since the start. */
  public synchronized Totals totals() {
    Totals sum = forgotten;
    for (PrefetchRun run : runs) {
      sum = sum.plus(run.progress());
    }
    return sum;
  }

  /** Bytes a second that may be fetched at present. */
  public double rate() {
    return pace.rate();
  }

  /** Breaks off what is under way. */
  @Override
  public synchronized void close() {
    closed = true;
    runs.forEach(PrefetchRun::cancel);
  }
}
