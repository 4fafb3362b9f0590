package org.opendvx.core.cluster;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import org.opendvx.core.pool.ContainerStore;
import org.opendvx.core.pool.JournalStore;
import org.opendvx.core.pool.Pool;
import org.opendvx.core.pool.PoolStatus;
import org.opendvx.core.pool.RecordStore;

/** A pool as one host's process sees it: behind its gate. The pool outlives the process. */
final class HostPool implements Pool {
  /** What a host is told without asking the pool, and what a dead one may still call. */
  private static final Set<String> FROM_MEMORY =
      Set.of("close", "capacityBytes", "usedBytes", "length", "count");

  private final Pool shared;
  private final HostGate gate;
  private final Journals journals;

  /** Who holds which journal: a new holder takes it from the old one, as a data node lets it. */
  static final class Journals {
    private final Map<String, JournalStore> held = new HashMap<>();

    private synchronized JournalStore hold(Pool pool, String host) {
      JournalStore before = held.remove(host);
      if (before != null) {
        before.close();
      }
      JournalStore journal = pool.journal(host);
      held.put(host, journal);
      return journal;
    }
  }

  HostPool(Pool shared, HostGate gate, Journals journals) {
    this.shared = shared;
    this.gate = gate;
    this.journals = journals;
  }

  private <T> T gated(Class<T> type, T target) {
    return type.cast(
        Proxy.newProxyInstance(
            type.getClassLoader(),
            new Class<?>[] {type},
            (_, method, arguments) -> {
              if (!FROM_MEMORY.contains(method.getName())) {
                gate.pass();
              }
              try {
                Object result = method.invoke(target, arguments);
                if (!FROM_MEMORY.contains(method.getName())) {
                  gate.pass();
                }
                return result;
              } catch (InvocationTargetException e) {
                throw e.getCause();
              }
            }));
  }

  @Override
  public UUID id() {
    return shared.id();
  }

  @Override
  public ContainerStore containers() {
    return gated(ContainerStore.class, shared.containers());
  }

  @Override
  public JournalStore journal(String host) {
    gate.pass();
    return gated(JournalStore.class, journals.hold(shared, host));
  }

  @Override
  public RecordStore records() {
    return gated(RecordStore.class, shared.records());
  }

  @Override
  public PoolStatus status() {
    return shared.status();
  }

  @Override
  public void onCheckpointWanted(Runnable callback) {
    // Nobody asks in these tests.
  }

  @Override
  public long fence(String host, long epoch) {
    gate.pass();
    return shared.fence(host, epoch);
  }

  @Override
  public void close() {
    // The pool is everybody's.
  }
}
