package org.opendvx.core.cluster;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.UnaryOperator;
import org.opendvx.core.codec.KeyRing;
import org.opendvx.core.codec.NoteMac;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.pool.Epoch;
import org.opendvx.core.pool.RecordStore;
import org.opendvx.core.pool.RecordStore.VersionedRecord;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What the hosts of a pool have noted of themselves there: docs/formats/hosts.md. A note counts
 * only with a tag under the pool's keys, so a certificate that stands there is that of a host which
 * has both joined the data node and the keys. Thread-safe.
 */
public final class PeerBook {
  private static final Logger LOG = LoggerFactory.getLogger(PeerBook.class);
  private static final int FORMAT = 2;
  private static final String PREFIX = "peers/";
  private static final int TRIES = 20;
  private static final int MOST_NAMES = 64;
  private static final long LOOK_AGAIN_NANOS = 200_000_000;

  /** After so long what was read is looked at again: a host may have been removed. */
  private static final long FRESH_NANOS = 3_000_000_000L;

  private final RecordStore records;
  private final NoteMac mac;
  private final AtomicBoolean reading = new AtomicBoolean();
  private final Set<String> told = ConcurrentHashMap.newKeySet();
  private volatile Map<String, Peer> peers = Map.of();
  private volatile long readAt = System.nanoTime() - FRESH_NANOS;

  /**
   * A host.
   *
   * @param fingerprint SHA-256 of its certificate, 64 hex digits
   * @param hypervisors names and addresses under which managers know the hypervisor beside it
   */
  public record Peer(String host, String fingerprint, List<String> hypervisors) {}

  /** What stands under a host's name. */
  private record Note(Peer peer, boolean removed) {}

  /** The book of a pool, with its keys. */
  public PeerBook(RecordStore records, KeyRing keys) {
    this.records = records;
    this.mac = new NoteMac(keys);
  }

  /**
   * Notes this host; what stood there under its name is replaced. Blocks.
   *
   * @throws DvxException DENIED when it was removed and has no new certificate since
   */
  public void note(Peer peer) {
    if (peer.hypervisors().size() > MOST_NAMES) {
      throw DvxException.of(Kind.INVALID, "A hypervisor has too many names")
          .cause("At most " + MOST_NAMES + " can be noted")
          .build();
    }
    replace(
        peer.host(),
        before -> {
          if (before.removed() && before.peer().fingerprint().equals(peer.fingerprint())) {
            throw DvxException.of(Kind.DENIED, "This host was removed")
                .cause("Its certificate does not count any more")
                .remedy("Let it join the data node anew: dvx host join --help")
                .detail("host", peer.host())
                .build();
          }
          return new Note(peer, false);
        });
  }

  /** Notes that a host was removed: its certificate does not count any more. Blocks. */
  public void remove(String host) {
    replace(host, before -> new Note(before.peer(), true));
    List<Peer> _ = read();
  }

  /** Whether there is or was a host of that name. Blocks. */
  public boolean knows(String host) {
    return records.get(PREFIX + host).isPresent();
  }

  private void replace(String host, UnaryOperator<Note> change) {
    String key = PREFIX + host;
    for (int attempt = 1; ; attempt++) {
      Optional<VersionedRecord> found = records.get(key);
      Note before =
          found
              .flatMap(record -> decode(host, record.value()))
              .orElseGet(() -> new Note(new Peer(host, "", List.of()), false));
      try {
        long _ =
            records.put(
                new Epoch("peers", 1),
                key,
                found.map(VersionedRecord::version).orElse(0L),
                encode(change.apply(before)));
        return;
      } catch (DvxException e) {
        if (e.kind() != Kind.CONFLICT || attempt == TRIES) {
          throw e;
        }
      }
    }
  }

  /** All hosts as the pool says now, without those that were removed. Blocks. */
  public synchronized List<Peer> read() {
    Map<String, Peer> found = new HashMap<>();
    for (String key : records.keys(PREFIX)) {
      String host = key.substring(PREFIX.length());
      records
          .get(key)
          .flatMap(record -> decode(host, record.value()))
          .filter(note -> !note.removed())
          .ifPresent(note -> found.put(note.peer().fingerprint(), note.peer()));
    }
    peers = Map.copyOf(found);
    readAt = System.nanoTime();
    return List.copyOf(found.values());
  }

  private byte[] encode(Note note) {
    byte[] tag = mac.tag(tagged(note));
    return content(new Wire.Out().put(FORMAT), note).putBytes(tag).done();
  }

  private static Wire.Out content(Wire.Out out, Note note) {
    return out.putText(note.peer().fingerprint())
        .putList(note.peer().hypervisors(), Wire.Out::putText)
        .putBoolean(note.removed());
  }

  /** The host's name too: a note under another one counts nothing. */
  private static byte[] tagged(Note note) {
    return content(new Wire.Out().put(FORMAT).putText(note.peer().host()), note).done();
  }

  private Optional<Note> decode(String host, byte[] value) {
    try {
      return Optional.of(Wire.read("The note of a host", value, FORMAT, in -> verified(host, in)));
    } catch (DvxException e) {
      if (told.add(host)) {
        LOG.warn("What is noted of host {} does not count: {}", host, e.getMessage());
      }
      return Optional.empty();
    }
  }

  private Note verified(String host, Wire.In in) {
    Note note =
        new Note(new Peer(host, in.getText(), in.getList(Wire.In::getText)), in.getBoolean());
    if (!mac.verify(tagged(note), in.getBytes())) {
      throw DvxException.of(Kind.DENIED, "It was not written with the keys of this pool").build();
    }
    return note;
  }

  /** All hosts as last read. */
  public List<Peer> remembered() {
    return List.copyOf(peers.values());
  }

  /** The host with a certificate as read a few seconds ago at the most, if it is asked often. */
  Optional<String> remembered(String fingerprint) {
    if (System.nanoTime() - readAt > FRESH_NANOS && reading.compareAndSet(false, true)) {
      Tasks.EXECUTOR.execute(this::refresh);
    }
    return Optional.ofNullable(peers.get(fingerprint)).map(Peer::host);
  }

  private void refresh() {
    try {
      List<Peer> _ = read();
    } catch (DvxException e) {
      LOG.debug("The notes of hosts cannot be read now: {}", e.getMessage());
    } finally {
      reading.set(false);
    }
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
    if (System.nanoTime() - readAt > LOOK_AGAIN_NANOS) {
      List<Peer> _ = read();
    }
  }
}
