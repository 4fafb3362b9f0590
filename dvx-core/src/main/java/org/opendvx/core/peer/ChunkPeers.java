package org.opendvx.core.peer;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.log.SlotSource.SlotSink;

/**
 * Fetches slots from peers: each chunk from the peer that most likely has it, in batches; when that
 * one is slow or does not have it, from the next. Thread-safe.
 */
final class ChunkPeers {
  /** Peers that are asked for a chunk, one after another. */
  private static final int MOST_ASKED = 3;

  private final PeerCalls calls;
  private final PeerSummaries summaries;
  private final OwnerHints hints;
  private final Givers givers;
  final LongAdder hedges = new LongAdder();

  ChunkPeers(PeerCalls calls, PeerSummaries summaries, OwnerHints hints, Givers givers) {
    this.calls = calls;
    this.summaries = summaries;
    this.hints = hints;
    this.givers = givers;
  }

  /** Peers that may have a chunk, the likeliest first. */
  private List<Peer> candidates(long address, @Nullable String first, List<Peer> usable) {
    String owner = hints.find(address);
    List<Peer> found = new ArrayList<>(2);
    for (Peer peer : usable) {
      if (peer.name.equals(owner)
          || peer.name.equals(first)
          || summaries.mayHold(peer.name, address)) {
        found.add(peer);
      }
    }
    if (found.isEmpty()) {
      for (Peer peer : usable) {
        if (givers.mayHold(peer.name) && !summaries.isAbsent(peer.name, address)) {
          found.add(peer);
        }
      }
    }
    if (found.size() > 1) {
      found.sort(
          Comparator.comparingInt(
                  (Peer peer) -> peer.name.equals(first) ? 0 : peer.name.equals(owner) ? 1 : 2)
              .thenComparingDouble(Peer::usualNanos));
    }
    return found.size() > MOST_ASKED ? found.subList(0, MOST_ASKED) : found;
  }

  /** Whether any peer seems to have a chunk. */
  boolean likely(long address) {
    return calls.living().stream()
        .anyMatch(peer -> peer.usable() && summaries.mayHold(peer.name, address));
  }

  /**
   * Fetches what peers have; blocks for a limited time.
   *
   * @param wanted indices of addresses
   * @param first the peer to ask first; null for the likeliest
   * @param foreground whether a read waits for it: then slow peers are not waited for
   * @param sink gets slots with their index; says whether they are right
   * @return the indices that the sink took
   */
  BitSet fetch(
      long[] addresses,
      int[] wanted,
      @Nullable String first,
      boolean foreground,
      Duration limit,
      SlotSink sink) {
    List<Peer> usable = calls.living().stream().filter(Peer::usable).toList();
    Fetch fetch = new Fetch(addresses, foreground, limit, sink);
    if (!usable.isEmpty()) {
      for (int index : wanted) {
        fetch.want(index, candidates(addresses[index], first, usable));
      }
      fetch.run();
    }
    return fetch.taken;
  }

  /** A question to a peer. */
  private static final class Call {
    private final Peer peer;
    private final int[] indices;
    private final long due;

    Call(Peer peer, int[] indices, long due) {
      this.peer = peer;
      this.indices = indices;
      this.due = due;
    }
  }

  /** Its end; no reply when it failed. */
  @SuppressWarnings("ArrayRecordComponent") // a value carrier; never compared
  private record Answer(Call call, byte @Nullable [] reply) {}

  /** One fetch. Confined to one thread, but for the queue of answers. */
  private final class Fetch {
    private final long[] addresses;
    private final boolean foreground;
    private final Duration limit;
    private final SlotSink sink;
    private final long end;
    private final BitSet taken = new BitSet();
    private final Map<Integer, List<Peer>> left = new HashMap<>();
    private final LinkedBlockingQueue<Answer> answers = new LinkedBlockingQueue<>();
    private final List<Call> open = new ArrayList<>();

    Fetch(long[] addresses, boolean foreground, Duration limit, SlotSink sink) {
      this.addresses = addresses;
      this.foreground = foreground;
      this.limit = limit;
      this.sink = sink;
      this.end = System.nanoTime() + limit.toNanos();
    }

    void want(int index, List<Peer> candidates) {
      if (!candidates.isEmpty()) {
        left.put(index, new ArrayList<>(candidates));
      }
    }

    void run() {
      askNext(left.keySet().stream().mapToInt(Integer::intValue).sorted().toArray());
      while (!open.isEmpty()) {
        long now = System.nanoTime();
        long due = open.stream().mapToLong(call -> call.due - now).min().orElse(0);
        Answer answer;
        try {
          answer = answers.poll(Math.max(0, due), TimeUnit.NANOSECONDS);
        } catch (InterruptedException _) {
          Thread.currentThread().interrupt();
          return;
        }
        if (answer == null) {
          overdue();
        } else {
          take(answer);
        }
      }
    }

    /** Asks each chunk's next candidate, if there is one. */
    private void askNext(int[] indices) {
      Map<Peer, List<Integer>> groups = new HashMap<>();
      for (int index : indices) {
        List<Peer> candidates = left.get(index);
        if (!taken.get(index) && candidates != null && !candidates.isEmpty()) {
          groups.computeIfAbsent(candidates.removeFirst(), _ -> new ArrayList<>()).add(index);
        }
      }
      groups.forEach(
          (peer, some) -> {
            for (int from = 0; from < some.size(); from += ChunkMessages.MOST_FETCHED) {
              int to = Math.min(some.size(), from + ChunkMessages.MOST_FETCHED);
              ask(peer, some.subList(from, to).stream().mapToInt(Integer::intValue).toArray());
            }
          });
    }

    private void ask(Peer peer, int[] indices) {
      long now = System.nanoTime();
      long rest = end - now;
      if (rest <= 0) {
        return;
      }
      long patience = foreground ? Math.min(rest, peer.hedgeNanos()) : rest;
      Call call = new Call(peer, indices, now + patience);
      open.add(call);
      long[] asked = Arrays.stream(indices).mapToLong(index -> addresses[index]).toArray();
      CompletableFuture<byte[]> reply =
          calls.call(
              peer,
              ChunkMessages.fetch(foreground, asked),
              limit,
              bytes -> {
                // Looked through whole before anything of it is believed.
                ChunkMessages.slots(bytes, indices.length, (_, _, _, _) -> {});
                return bytes;
              });
      var _ =
          reply.whenComplete(
              (bytes, failure) -> answers.add(new Answer(call, failure == null ? bytes : null)));
    }

    private void overdue() {
      long now = System.nanoTime();
      for (Call call : List.copyOf(open)) {
        if (call.due - now <= 0) {
          open.remove(call);
          hedges.increment();
          if (foreground) {
            call.peer.silent();
          }
          askNext(call.indices);
        }
      }
    }

    private void take(Answer answer) {
      Call call = answer.call;
      byte[] reply = answer.reply;
      if (reply != null) {
        boolean[] got = new boolean[call.indices.length];
        ChunkMessages.slots(
            reply,
            call.indices.length,
            (i, bytes, offset, length) -> {
              got[i] = true;
              offer(call, call.indices[i], bytes, offset, length);
            });
        int there = 0;
        for (int i = 0; i < got.length; i++) {
          if (got[i]) {
            there++;
          } else {
            summaries.absent(call.peer.name, addresses[call.indices[i]]);
          }
        }
        givers.answered(call.peer.name, got.length, there);
      }
      if (open.remove(call)) {
        askNext(call.indices);
      }
    }

    private void offer(Call call, int index, byte[] bytes, int offset, int length) {
      if (taken.get(index)) {
        return;
      }
      switch (sink.slot(index, bytes, offset, length)) {
        case TAKEN -> {
          taken.set(index);
          call.peer.chunks.increment();
          call.peer.bytes.add(length);
        }
        // It will drop it at its own next read.
        case OUTDATED -> summaries.absent(call.peer.name, addresses[index]);
        case DAMAGED -> call.peer.damaged();
      }
    }
  }
}
