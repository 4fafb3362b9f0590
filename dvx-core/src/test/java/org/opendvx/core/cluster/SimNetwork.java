package org.opendvx.core.cluster;

import java.time.Duration;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.error.DvxException;

/** A network between hosts of one process that delays, loses and partitions, by a seed. */
final class SimNetwork {
  private record Host(HostGate gate, PeerNetwork.Handler handler) {}

  private final Random random;
  private final Map<String, Host> hosts = new ConcurrentHashMap<>();
  private final Set<String> cut = ConcurrentHashMap.newKeySet();
  private volatile @Nullable Keeper keeper;
  private volatile int longestDelayMillis;
  private volatile double loss;

  /** Keeps requests back that a test chooses. */
  interface Keeper {
    /**
     * A request is on its way; true when it is kept.
     *
     * @param delivery lets it arrive and gives the reply, which reaches nobody else
     * @param answer what the sender waits for
     */
    boolean keep(
        String from,
        String to,
        PeerCall request,
        Supplier<CompletableFuture<byte[]>> delivery,
        CompletableFuture<byte[]> answer);
  }

  SimNetwork(long seed) {
    random = new Random(seed);
  }

  /** Shows all requests from now on to this one; null for nobody. */
  void keeper(@Nullable Keeper toAsk) {
    keeper = toAsk;
  }

  /** From now on messages take up to so long, and so many of them are lost. */
  void trouble(int delayMillis, double lost) {
    longestDelayMillis = delayMillis;
    loss = lost;
  }

  /** Cuts the link between two hosts, or mends it. */
  void partition(String a, String b, boolean apart) {
    if (apart) {
      cut.add(link(a, b));
    } else {
      cut.remove(link(a, b));
    }
  }

  void mend() {
    cut.clear();
    trouble(0, 0);
  }

  private static String link(String a, String b) {
    return a.compareTo(b) < 0 ? a + "|" + b : b + "|" + a;
  }

  private boolean lost(String a, String b) {
    synchronized (random) {
      return cut.contains(link(a, b)) || (loss > 0 && random.nextDouble() < loss);
    }
  }

  /** Lets a message travel. */
  private void travel(HostGate receiver, Runnable arrival) {
    int delay;
    synchronized (random) {
      delay = longestDelayMillis == 0 ? 0 : random.nextInt(longestDelayMillis);
    }
    Runnable gated =
        () -> {
          try {
            receiver.pass();
          } catch (DvxException _) {
            return;
          }
          arrival.run();
        };
    if (delay == 0) {
      Tasks.EXECUTOR.execute(gated);
    } else {
      CompletableFuture.delayedExecutor(delay, TimeUnit.MILLISECONDS, Tasks.EXECUTOR)
          .execute(gated);
    }
  }

  /** The network as one host sees it. */
  PeerNetwork of(String name, HostGate gate) {
    return new PeerNetwork() {
      @Override
      public String endpoint() {
        return name;
      }

      @Override
      public void serve(Handler handler) {
        hosts.put(name, new Host(gate, handler));
      }

      @Override
      public CompletableFuture<byte[]> call(
          String host, String endpoint, byte[] request, Duration limit) {
        return send(name, gate, endpoint, request);
      }

      @Override
      public void close() {
        Host mine = hosts.get(name);
        if (mine != null && mine.gate == gate) {
          hosts.remove(name, mine);
        }
      }
    };
  }

  private CompletableFuture<byte[]> send(String from, HostGate sender, String to, byte[] request) {
    CompletableFuture<byte[]> answer = new CompletableFuture<>();
    Host target = hosts.get(to);
    if (target == null || target.gate.dead()) {
      answer.completeExceptionally(new PeerNetwork.NotSent(to + " is not there"));
      return answer;
    }
    byte[] copy = request.clone();
    Keeper asked = keeper;
    if (asked != null
        && asked.keep(
            from,
            to,
            PeerCall.decode(copy).call(),
            () -> target.handler.call(from, copy),
            answer)) {
      return answer;
    }
    travel(
        sender,
        () -> {
          if (!lost(from, to)) {
            travel(target.gate, () -> deliver(target, from, to, copy, sender, answer));
          }
        });
    return answer;
  }

  private void deliver(
      Host target,
      String from,
      String to,
      byte[] request,
      HostGate sender,
      CompletableFuture<byte[]> answer) {
    var _ =
        target
            .handler
            .call(from, request)
            .thenAccept(
                reply ->
                    travel(
                        target.gate,
                        () -> {
                          if (!lost(from, to)) {
                            travel(sender, () -> answer.complete(reply));
                          }
                        }));
  }
}
