package org.opendvx.core.prefetch;

import java.time.Duration;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletionException;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.datastore.FileChunks;
import org.opendvx.core.log.ChunkAddress;
import org.opendvx.core.peer.PeerTier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds out which chunks of files are hot: the source says it as long as it has the files; after
 * the hand-over the maps are here, and the source says how hot their chunks are there. When the
 * source is dead, what any peer has counts as hot. Confined to one thread.
 */
final class HotLister {
  private static final Logger LOG = LoggerFactory.getLogger(HotLister.class);
  private static final Duration PAUSE = Duration.ofMillis(100);

  private final PeerTier tier;
  private final Supplier<List<FileChunks>> here;
  private final @Nullable String source;
  private final BooleanSupplier cancelled;
  private final HotSet hot;
  private boolean sourceLost;

  /**
   * A lister.
   *
   * @param source the host the files come from; null when it is dead or not known
   */
  HotLister(
      PeerTier tier,
      Supplier<List<FileChunks>> here,
      @Nullable String source,
      int mostChunks,
      BooleanSupplier cancelled) {
    this.tier = tier;
    this.here = here;
    this.source = source;
    this.cancelled = cancelled;
    this.hot = new HotSet(mostChunks);
  }

  HotSet hot() {
    return hot;
  }

  /** Whether there was nobody to say what is hot. */
  boolean sourceLost() {
    return source == null || sourceLost;
  }

  /**
   * Lists.
   *
   * @param limit how long files are looked for that are on their way from host to host
   * @return files that nobody had
   */
  List<Long> list(List<Long> files, Duration limit) throws InterruptedException {
    long end = System.nanoTime() + limit.toNanos();
    Set<Long> left = new LinkedHashSet<>(files);
    while (true) {
      if (source != null && !left.isEmpty() && tier.usable(source)) {
        askSource(source, left);
      }
      left.removeIf(this::listHere);
      if (left.isEmpty() || cancelled.getAsBoolean() || end - System.nanoTime() < 0) {
        return List.copyOf(left);
      }
      Thread.sleep(PAUSE);
    }
  }

  /** Asks the source for pages, and strikes out the files that it had to the end. */
  private void askSource(String from, Set<Long> left) {
    List<Long> asked = List.copyOf(left).subList(0, Math.min(left.size(), 256));
    Set<Integer> absent = new LinkedHashSet<>();
    int file = 0;
    long block = 0;
    try {
      while (file < asked.size() && !cancelled.getAsBoolean()) {
        PeerTier.Hot page = tier.hot(from, asked, file, block).join();
        if (page.nextFile() < file || (page.nextFile() == file && page.nextBlock() <= block)) {
          break;
        }
        tier.cameFrom(page.addresses(), page.addresses().length, from);
        for (int i = 0; i < page.addresses().length; i++) {
          hot.add(page.addresses()[i], page.heat()[i]);
        }
        absent.addAll(page.absent());
        for (int done = file; done < page.nextFile(); done++) {
          if (!absent.contains(done)) {
            left.remove(asked.get(done));
          }
        }
        file = page.nextFile();
        block = page.nextBlock();
      }
    } catch (CompletionException e) {
      LOG.debug("{} does not say what is hot", from, e);
    }
  }

  /** Lists a file whose map is here; false when it is not. */
  private boolean listHere(long file) {
    for (FileChunks chunks : here.get()) {
      if (map(chunks, file)) {
        return true;
      }
    }
    return false;
  }

  private boolean map(FileChunks chunks, long file) {
    long[] step = new long[PeerTier.mostHeat() / 4];
    long block = 0;
    try {
      int filled;
      do {
        filled = chunks.addresses(file, block, step).join();
        block += filled;
        note(step, filled);
      } while (filled == step.length && !cancelled.getAsBoolean());
      return true;
    } catch (CompletionException e) {
      LOG.debug("File {} is not here: {}", file, e.getMessage());
      return false;
    }
  }

  private void note(long[] step, int filled) {
    long[] addresses = new long[filled];
    int count = 0;
    for (int i = 0; i < filled; i++) {
      if (step[i] != ChunkAddress.HOLE) {
        addresses[count++] = step[i];
      }
    }
    addresses = Arrays.copyOf(addresses, count);
    if (count == 0) {
      return;
    }
    if (source != null) {
      tier.cameFrom(addresses, count, source);
    }
    byte[] heat = heat(addresses);
    for (int i = 0; i < count; i++) {
      if (heat == null) {
        hot.add(addresses[i], tier.likely(addresses[i]) ? 1 : 0);
      } else if (heat[i] > 0) {
        hot.add(addresses[i], heat[i]);
      }
    }
  }

  private byte @Nullable [] heat(long[] addresses) {
    if (source != null && !sourceLost && tier.usable(source)) {
      try {
        return tier.heat(source, addresses).join();
      } catch (CompletionException e) {
        LOG.info("{} does not say any more how hot chunks are: {}", source, e.getMessage());
      }
    }
    sourceLost = true;
    return null;
  }
}
