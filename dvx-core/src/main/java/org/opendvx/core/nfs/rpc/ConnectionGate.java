package org.opendvx.core.nfs.rpc;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import org.opendvx.core.nfs.access.ClientAddress;

/** Decides who may connect, and counts connections, in all and by client. Thread-safe. */
final class ConnectionGate {
  private final Predicate<ClientAddress> admitted;
  private final int total;
  private final int perClient;
  private final Map<ClientAddress, Integer> byClient = new HashMap<>();
  private int open;

  ConnectionGate(Predicate<ClientAddress> admitted, RpcLimits limits) {
    this.admitted = admitted;
    this.total = limits.connections();
    this.perClient = limits.connectionsPerClient();
  }

  /** Whether datagrams and connections from there are listened to at all. */
  boolean admits(ClientAddress client) {
    return admitted.test(client);
  }

  /** Lets a connection in, or says in a constant phrase why not. */
  synchronized Optional<String> enter(ClientAddress client) {
    if (!admitted.test(client)) {
      return Optional.of("not an allowed client");
    }
    int ofClient = byClient.getOrDefault(client, 0);
    if (open >= total || ofClient >= perClient) {
      return Optional.of("too many connections");
    }
    open++;
    byClient.put(client, ofClient + 1);
    return Optional.empty();
  }

  /** A connection that was let in has ended. */
  synchronized void leave(ClientAddress client) {
    open--;
    byClient.computeIfPresent(client, (_, count) -> count == 1 ? null : count - 1);
  }
}
