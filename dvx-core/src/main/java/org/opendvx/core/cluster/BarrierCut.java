package org.opendvx.core.cluster;

import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.datastore.Expiry;
import org.opendvx.core.datastore.FileAwayException;
import org.opendvx.core.datastore.FileError;
import org.opendvx.core.datastore.FileException;
import org.opendvx.core.datastore.FileKey;
import org.opendvx.core.datastore.Snapshots.Cut;
import org.opendvx.core.datastore.Snapshots.CutRequest;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.log.Passage;

/**
 * Snapshots of files of several owners, taken at the namespace's root. Each owner withholds its
 * answers and freezes its files in memory; when all have confirmed, the answers go; then each makes
 * what it froze durable, and one record of the catalogue commits them. Until that record nothing of
 * it is found anywhere. Thread-safe; blocks.
 */
final class BarrierCut {
  private static final int TRIES = 40;
  private static final long PAUSE_MILLIS = 25;

  private final Roots roots;
  private final OwnerRegister owners;
  private final Peers peers;
  private final LeaseClock clock;
  private final ClusterSettings settings;
  private final Passage underWay = new Passage();
  private final SecureRandom random = new SecureRandom();

  BarrierCut(
      Roots roots, OwnerRegister owners, Peers peers, LeaseClock clock, ClusterSettings settings) {
    this.clock = clock;
    this.roots = roots;
    this.owners = owners;
    this.peers = peers;
    this.settings = settings;
  }

  /**
   * Takes snapshots of one instant.
   *
   * @param over tells when they must not be committed any more, null for never
   * @throws FileException BUSY when some owner did not confirm in time; nothing was changed then
   */
  List<Cut> cut(ServedRoot namespace, List<CutRequest> requests, @Nullable BooleanSupplier over) {
    long start = System.nanoTime();
    FileException last = new FileException(FileError.BUSY, "the owners do not answer");
    for (int attempt = 0; attempt < TRIES; attempt++) {
      if (System.nanoTime() - start > settings.route().toNanos()) {
        break;
      }
      Map<String, List<Long>> parts = parts(namespace, requests);
      try {
        if (parts.size() == 1 && parts.containsKey(namespace.name())) {
          return Peers.await(
              Expiry.within(over, () -> namespace.store().snapshots().cutTogether(requests)),
              settings.route());
        }
        return joined(namespace, requests, parts, start, over);
      } catch (FileAwayException | PeerReply.AwayElsewhere | RouteException e) {
        last = new FileException(FileError.BUSY, String.valueOf(e.getMessage()));
      } catch (FileException e) {
        if (ServedRoot.fenced(e) || !namespace.serves()) {
          throw RouteException.unknown("the namespace is served by another host");
        }
        if (e.error() != FileError.BUSY) {
          throw e;
        }
        last = e;
      } catch (DvxException e) {
        last = new FileException(FileError.BUSY, String.valueOf(e.getMessage()), e);
      }
      parts.values().forEach(files -> files.forEach(owners::forget));
      pause();
    }
    throw last;
  }

  private Map<String, List<Long>> parts(ServedRoot namespace, List<CutRequest> requests) {
    Map<String, List<Long>> parts = new LinkedHashMap<>();
    List<FileKey> all = requests.stream().flatMap(one -> one.files().stream()).toList();
    for (FileKey key : all) {
      String root =
          namespace.ownership().away(key.file())
              ? owners.find(key.file()).root()
              : namespace.name();
      List<Long> files = parts.computeIfAbsent(root, _ -> new ArrayList<>());
      if (!files.contains(key.file())) {
        files.add(key.file());
      }
    }
    if (parts.isEmpty()) {
      parts.put(namespace.name(), List.of());
    }
    return parts;
  }

  /**
   * Waits until every cut over several owners that was begun before the call is in the catalogue,
   * or never will be; false when the limit passed first.
   */
  boolean awaitEnd(Duration limit) throws InterruptedException {
    return underWay.await(limit.toNanos());
  }

  private List<Cut> joined(
      ServedRoot namespace,
      List<CutRequest> requests,
      Map<String, List<Long>> parts,
      long start,
      @Nullable BooleanSupplier over) {
    int ticket = underWay.enter();
    CompletableFuture<List<Cut>> joining = null;
    try {
      joining = join(namespace, requests, parts, start, over);
    } finally {
      if (joining == null) {
        underWay.leave(ticket);
      }
    }
    // Not when nobody waits for it any more: it may still be carried out then.
    var _ = joining.whenComplete((_, _) -> underWay.leave(ticket));
    return Peers.await(joining, settings.settle());
  }

  private CompletableFuture<List<Cut>> join(
      ServedRoot namespace,
      List<CutRequest> requests,
      Map<String, List<Long>> parts,
      long start,
      @Nullable BooleanSupplier over) {
    long cut = random.nextLong();
    boolean frozen = false;
    long begun = clock.nanos();
    try {
      freeze(cut, parts, begun);
      frozen = true;
    } finally {
      if (!frozen) {
        parts.keySet().forEach(root -> tell(root, new PeerCall.Drop(root, cut)));
      }
    }
    parts.keySet().forEach(root -> tell(root, new PeerCall.Release(root, cut)));
    long held = clock.nanos() - begun;
    Map<Long, byte[]> parcels = settle(cut, parts);
    return Expiry.within(over, () -> namespace.store().join(requests, parcels, held, start));
  }

  /**
   * All owners freeze at once. Each withholds its answers for the hold's time from when it is
   * asked; all must have confirmed within three quarters of that from before the first was asked,
   * so that each was withholding when the last one froze. That is looked at when all have: this
   * host may have been stopped while they did.
   */
  private void freeze(long cut, Map<String, List<Long>> parts, long begun) {
    List<CompletableFuture<?>> confirmations = new ArrayList<>();
    parts.forEach((root, files) -> confirmations.add(freeze(root, cut, files)));
    long limit = settings.hold().toNanos() * 3 / 4;
    for (CompletableFuture<?> confirmation : confirmations) {
      long left = Math.max(1, limit - (clock.nanos() - begun));
      Object _ = Peers.await(confirmation, Duration.ofNanos(left));
    }
    if (clock.nanos() - begun > limit) {
      throw new FileException(FileError.BUSY, "the owners froze at different times");
    }
  }

  private CompletableFuture<?> freeze(String root, long cut, List<Long> files) {
    ServedRoot local = roots.local(root);
    if (local != null) {
      return async(
          () -> {
            local.freeze(cut, files);
            return true;
          });
    }
    return peers.call(roots.server(root), new PeerCall.Freeze(root, cut, files), settings.hold());
  }

  private void tell(String root, PeerCall call) {
    ServedRoot local = roots.local(root);
    if (local == null) {
      // When this is lost the hold ends by itself.
      var _ = peers.call(roots.server(root), call);
    } else if (call instanceof PeerCall.Drop(String _, long cut)) {
      local.drop(cut);
    } else if (call instanceof PeerCall.Release(String _, long cut)) {
      local.release(cut);
    }
  }

  private Map<Long, byte[]> settle(long cut, Map<String, List<Long>> parts) {
    Map<List<Long>, CompletableFuture<List<byte[]>>> settled = new LinkedHashMap<>();
    parts.forEach((root, files) -> settled.put(files, settle(root, cut)));
    Map<Long, byte[]> parcels = new HashMap<>();
    settled.forEach(
        (files, settling) -> {
          List<byte[]> some = Peers.await(settling, settings.settle());
          if (some.size() != files.size()) {
            throw new FileException(FileError.IO, "an owner froze other files than asked");
          }
          for (int i = 0; i < some.size(); i++) {
            parcels.put(files.get(i), some.get(i));
          }
        });
    return parcels;
  }

  private CompletableFuture<List<byte[]>> settle(String root, long cut) {
    ServedRoot local = roots.local(root);
    if (local != null) {
      return async(() -> local.settle(cut));
    }
    return peers
        .call(roots.server(root), new PeerCall.Settle(root, cut), settings.settle())
        .thenApply(in -> in.getList(Wire.In::getBytes));
  }

  private static <T> CompletableFuture<T> async(java.util.function.Supplier<T> work) {
    return Tasks.start(work);
  }

  private static void pause() {
    try {
      Thread.sleep(PAUSE_MILLIS);
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
      throw new FileException(FileError.BUSY, "interrupted");
    }
  }
}
