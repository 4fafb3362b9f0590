package org.opendvx.core.cluster;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.pool.Epoch;
import org.opendvx.core.pool.RecordStore;
import org.opendvx.core.pool.RecordStore.VersionedRecord;

/**
 * What the hosts of a pool have noted of themselves there: docs/formats/hosts.md. Only a host that
 * has joined the pool can write it, so a certificate that stands there is that host's. Thread-safe.
 */
public final class PeerBook {
  private static final int FORMAT = 1;
  private static final String PREFIX = "peers/";
  private static final int TRIES = 20;
  private static final int MOST_NAMES = 64;
  private static final long LOOK_AGAIN_NANOS = 200_000_000;

  private final RecordStore records;
  private volatile Map<String, Peer> peers = Map.of();
  private long readAt = Long.MIN_VALUE;

  /**
   * A host.
   *
   * @param fingerprint SHA-256 of its certificate, 64 hex digits
   * @param hypervisors names and addresses under which managers know the hypervisor beside it
   */
  public record Peer(String host, String fingerprint, List<String> hypervisors) {}

  /** The book of a pool. */
  public PeerBook(RecordStore records) {
    this.records = records;
  }

  /** Notes this host; what stood there under its name is replaced. Blocks. */
  public void note(Peer peer) {
    if (peer.hypervisors().size() > MOST_NAMES) {
      throw DvxException.of(Kind.INVALID, "A hypervisor has too many names")
          .cause("At most " + MOST_NAMES + " can be noted")
          .build();
    }
    byte[] value =
        new Wire.Out()
            .put(FORMAT)
            .putText(peer.fingerprint())
            .putList(peer.hypervisors(), Wire.Out::putText)
            .done();
    String key = PREFIX + peer.host();
    for (int attempt = 1; ; attempt++) {
      long version = records.get(key).map(VersionedRecord::version).orElse(0L);
      try {
        long _ = records.put(new Epoch("peers", 1), key, version, value);
        return;
      } catch (DvxException e) {
        if (e.kind() != Kind.CONFLICT || attempt == TRIES) {
          throw e;
        }
      }
    }
  }

  /** All hosts as the pool says now. Blocks. */
  public synchronized List<Peer> read() {
    Map<String, Peer> found = new HashMap<>();
    for (String key : records.keys(PREFIX)) {
      String host = key.substring(PREFIX.length());
      records
          .get(key)
          .map(record -> decode(host, record.value()))
          .ifPresent(peer -> found.put(peer.fingerprint(), peer));
    }
    peers = Map.copyOf(found);
    readAt = System.nanoTime();
    return List.copyOf(found.values());
  }

  private static Peer decode(String host, byte[] value) {
    return Wire.read(
        "The note of a host",
        value,
        FORMAT,
        in -> new Peer(host, in.getText(), in.getList(Wire.In::getText)));
  }

  /** All hosts as last read. */
  public List<Peer> remembered() {
    return List.copyOf(peers.values());
  }

  /** The host with a certificate as last read. */
  Optional<String> remembered(String fingerprint) {
    return Optional.ofNullable(peers.get(fingerprint)).map(Peer::host);
  }

  /** Whether a certificate is some host's; reads again when it is not known yet. Blocks. */
  boolean known(String fingerprint) {
    if (!peers.containsKey(fingerprint)) {
      readAgain();
    }
    return peers.containsKey(fingerprint);
  }

  /** Strangers that knock often must not keep the pool busy. */
  private synchronized void readAgain() {
    if (readAt == Long.MIN_VALUE || System.nanoTime() - readAt > LOOK_AGAIN_NANOS) {
      List<Peer> _ = read();
    }
  }
}
