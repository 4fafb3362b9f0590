package org.opendvx.core.peer;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.cache.SummaryPart;
import org.opendvx.core.peer.ChunkMessages.Known;
import org.opendvx.core.peer.ChunkMessages.News;
import org.opendvx.core.peer.ChunkMessages.Summary;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What the peers' caches hold, as they said last. Asked for at intervals by one thread: news since
 * the last time, or whole parts; not while nobody looks for chunks at peers, so that nothing goes
 * between hosts then. Memory is bounded: parts that do not fit are not taken. Questions are
 * answered from memory, by any thread.
 */
final class PeerSummaries implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(PeerSummaries.class);
  private static final long CLOSE_SECONDS = 5;

  /** Places for what a peer turned out not to have; forgotten with every exchange. */
  private static final int ABSENT = 1 << 14;

  /** What is not there stands for its neighbours, 8 slots as a power of two. */
  private static final int NEIGHBOURS = 3;

  private final PeerCalls calls;
  private final PeerSettings settings;
  private final Map<String, View> views = new ConcurrentHashMap<>();
  private final CountDownLatch ending = new CountDownLatch(1);
  private final Thread thread;
  private volatile long[] absent = new long[ABSENT];
  private volatile boolean wanted;
  private volatile boolean soon;

  /**
   * What a peer said.
   *
   * @param reached additions to each part that are known, by id
   * @param missing parts that did not fit
   */
  private record View(
      List<String> beside,
      boolean flash,
      List<SummaryPart> parts,
      Map<Long, Long> reached,
      int missing) {
    static final View NOTHING = new View(List.of(), false, List.of(), Map.of(), 0);

    long bytes() {
      return parts.stream().mapToLong(SummaryPart::bytes).sum();
    }
  }

  PeerSummaries(PeerCalls calls, PeerSettings settings) {
    this.calls = calls;
    this.settings = settings;
    this.thread = Thread.ofVirtual().name("summaries").unstarted(this::run);
  }

  void start() {
    thread.start();
  }

  /** Whether a peer may have a chunk. */
  boolean mayHold(String peer, long address) {
    View view = views.get(peer);
    if (view == null) {
      return false;
    }
    long group = SummaryPart.group(address);
    for (SummaryPart part : view.parts) {
      if (!part.saturated() && part.mayHold(group)) {
        return !isAbsent(peer, address);
      }
    }
    return false;
  }

  /** Whether a peer turned out not to have a chunk, or one beside it. */
  boolean isAbsent(String peer, long address) {
    long mark = mark(peer, address);
    return absent[slot(mark)] == mark;
  }

  /** A peer did not have a chunk, whatever its summary says. */
  void absent(String peer, long address) {
    long mark = mark(peer, address);
    absent[slot(mark)] = mark;
  }

  private static long mark(String peer, long address) {
    long h = ((address >>> NEIGHBOURS) ^ ((long) peer.hashCode() << 32)) * 0xD6E8FEB86659FD93L;
    return (h ^ (h >>> 32)) | 1;
  }

  private static int slot(long mark) {
    return (int) (mark >>> 40) & (ABSENT - 1);
  }

  /** The peer beside a hypervisor host; null when none says so. */
  @Nullable String beside(String hypervisorHost) {
    for (Map.Entry<String, View> each : views.entrySet()) {
      if (each.getValue().beside.stream().anyMatch(hypervisorHost::equalsIgnoreCase)) {
        return each.getKey();
      }
    }
    return null;
  }

  boolean flash(String peer) {
    return views.getOrDefault(peer, View.NOTHING).flash;
  }

  /** Memory that a peer's summary takes. */
  long bytes(String peer) {
    return views.getOrDefault(peer, View.NOTHING).bytes();
  }

  long bytes() {
    return views.values().stream().mapToLong(View::bytes).sum();
  }

  /** Somebody looks for chunks at peers: news are asked for at the end of the pause. */
  void wanted() {
    wanted = true;
  }

  /** Exchanges now, rather than at the end of the pause. */
  void soon() {
    wanted = true;
    soon = true;
    LockSupport.unpark(thread);
  }

  private void run() {
    while (ending.getCount() > 0) {
      soon = false;
      try {
        if (wanted || newPeers()) {
          wanted = false;
          exchange();
        }
      } catch (RuntimeException e) {
        LOG.warn("Summaries could not be exchanged; it is tried again", e);
      }
      long end = System.nanoTime() + settings.summaries().toNanos();
      while (!soon && ending.getCount() > 0 && end - System.nanoTime() > 0) {
        LockSupport.parkNanos(this, end - System.nanoTime());
      }
    }
  }

  private boolean newPeers() {
    return calls.living().stream().anyMatch(peer -> !views.containsKey(peer.name));
  }

  private void exchange() {
    List<Peer> living = calls.living();
    views.keySet().retainAll(living.stream().map(peer -> peer.name).toList());
    for (Peer peer : living) {
      if (peer.usable() && ending.getCount() > 0) {
        try {
          exchange(peer);
        } catch (PeerRefusedException | BadReplyException | CompletionException e) {
          LOG.debug("No summary of {}: {}", peer.name, e.getMessage());
        }
      }
    }
    absent = new long[ABSENT];
  }

  private void exchange(Peer peer) {
    View before = views.getOrDefault(peer.name, View.NOTHING);
    List<Known> known =
        before.parts.stream()
            .map(part -> new Known(part.id(), before.reached.getOrDefault(part.id(), 0L)))
            .toList();
    Summary said = join(peer, ChunkMessages.summary(known), ChunkMessages::readSummary);
    Map<Long, SummaryPart> old = new HashMap<>();
    before.parts.forEach(part -> old.put(part.id(), part));
    List<SummaryPart> parts = new ArrayList<>();
    Map<Long, Long> reached = new HashMap<>();
    int missing = 0;
    long room = settings.summaryBytes() - bytes() + before.bytes();
    for (News news : said.parts()) {
      SummaryPart part = old.get(news.part());
      if (part == null || part.size() != news.words()) {
        part = new SummaryPart(news.part(), news.words());
      }
      room -= part.bytes();
      if (room < 0) {
        missing++;
        continue;
      }
      if (news.complete()) {
        for (long group : news.groups()) {
          part.add(group);
        }
        reached.put(part.id(), news.additions());
      } else if (read(peer, part)) {
        reached.put(part.id(), news.additions());
      }
      parts.add(part);
    }
    if (missing > 0 && before.missing == 0) {
      LOG.warn(
          "{} of {} parts of what {} has do not fit in {} bytes: it is asked less",
          missing,
          said.parts().size(),
          peer.name,
          settings.summaryBytes());
    }
    views.put(
        peer.name,
        new View(said.beside(), said.flash(), List.copyOf(parts), Map.copyOf(reached), missing));
  }

  /** Reads a part whole; false when it has gone meanwhile. */
  private boolean read(Peer peer, SummaryPart part) {
    for (int from = 0; from < part.size(); from += ChunkMessages.MOST_WORDS) {
      int count = Math.min(ChunkMessages.MOST_WORDS, part.size() - from);
      long[] words;
      try {
        words =
            join(
                peer,
                ChunkMessages.part(part.id(), from),
                reply -> ChunkMessages.words(reply, count));
      } catch (PeerRefusedException _) {
        return false;
      }
      for (int i = 0; i < count; i++) {
        part.merge(from + i, words[i]);
      }
    }
    return true;
  }

  private <T> T join(Peer peer, byte[] request, PeerCalls.Reader<T> reader) {
    try {
      return calls.call(peer, request, settings.call(), reader).join();
    } catch (CompletionException e) {
      if (e.getCause() instanceof PeerRefusedException refused) {
        throw refused;
      }
      throw e;
    }
  }

  @Override
  public void close() {
    ending.countDown();
    LockSupport.unpark(thread);
    try {
      if (!thread.join(Duration.ofSeconds(CLOSE_SECONDS))) {
        LOG.debug("An exchange of summaries is still under way");
      }
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }
}
