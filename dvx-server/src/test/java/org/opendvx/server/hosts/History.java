package org.opendvx.server.hosts;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * What clients did to a register, each one operation after the other. Written values are unique.
 * Not thread-safe but for {@link #add}.
 */
final class History {
  private final List<List<Step>> clients = new ArrayList<>();

  /**
   * One operation.
   *
   * @param end Long.MAX_VALUE when its outcome is not known: it may take effect late, or never
   */
  record Step(boolean write, long value, long start, long end) {
    boolean unknown() {
      return end == Long.MAX_VALUE;
    }
  }

  History(int clients) {
    for (int i = 0; i < clients; i++) {
      this.clients.add(new ArrayList<>());
    }
  }

  synchronized void add(int client, Step step) {
    clients.get(client).add(step);
  }

  int size() {
    return clients.stream().mapToInt(List::size).sum();
  }

  /** Whether some order of the steps explains all that was read, from an initial value on. */
  boolean linearizable(long initial) {
    Set<List<Long>> seen = new HashSet<>();
    List<long[]> open = new ArrayList<>();
    // Next step of each client, and the value of the register after those before.
    open.add(new long[clients.size() + 1]);
    open.getFirst()[clients.size()] = initial;
    while (!open.isEmpty()) {
      long[] at = open.removeLast();
      if (!seen.add(Arrays.stream(at).boxed().toList())) {
        continue;
      }
      boolean done = true;
      long firstEnd = firstEnd(at);
      for (int client = 0; client < clients.size(); client++) {
        if (at[client] == clients.get(client).size()) {
          continue;
        }
        Step step = clients.get(client).get((int) at[client]);
        done &= step.unknown();
        if (step.start() > firstEnd) {
          continue;
        }
        if (step.write() || step.value() == at[clients.size()]) {
          open.add(after(at, client, step.write() ? step.value() : at[clients.size()]));
        }
        if (step.unknown()) {
          // It never takes effect; a client ends with such a step.
          open.add(after(at, client, at[clients.size()]));
        }
      }
      if (done) {
        return true;
      }
    }
    return false;
  }

  private long firstEnd(long[] at) {
    long first = Long.MAX_VALUE;
    for (int client = 0; client < clients.size(); client++) {
      if (at[client] < clients.get(client).size()) {
        first = Math.min(first, clients.get(client).get((int) at[client]).end());
      }
    }
    return first;
  }

  private static long[] after(long[] at, int client, long value) {
    long[] next = at.clone();
    next[client]++;
    next[next.length - 1] = value;
    return next;
  }
}
