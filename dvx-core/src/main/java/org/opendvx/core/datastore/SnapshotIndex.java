package org.opendvx.core.datastore;

import java.nio.ByteBuffer;
import java.util.Map;
import java.util.Set;
import org.opendvx.core.datastore.Change.SnapshotHead;
import org.opendvx.core.tree.RecordTree;

/**
 * What snapshots are searched by, in the tree of their names: an entry for each label of each
 * snapshot, and the first and last time of the cuts in each block of ids. It only narrows a search:
 * whoever searches looks at the snapshots themselves. Bytes: docs/formats/snapshot.md.
 */
final class SnapshotIndex {
  /** Keys of names are below; above are times by level and block of ids. */
  private static final long TIMES = 1L << 61;

  /** Labels by hash and id. */
  private static final long LABELS = 1L << 62;

  private static final int ID_BITS = 40;
  private static final long MAX_ID = (1L << ID_BITS) - 1;
  private static final int HASH_SHIFT = 42;
  private static final int LEVEL_SHIFT = 56;
  private static final int LEVELS = 3;
  private static final int BLOCK_BITS = 8;
  private static final byte VERSION = 1;
  private static final byte[] NOTHING = {};

  private SnapshotIndex() {}

  /** The lowest key of a label's entries; the id is added to it. */
  static long label(NameHash hash, String key, String value) {
    return LABELS | ((hash.hash(Bytes.utf8(key + '=' + value)) >>> HASH_SHIFT) << ID_BITS);
  }

  private static long last(long label) {
    return label | MAX_ID;
  }

  static void add(RecordTree names, NameHash hash, SnapshotHead head) {
    for (Map.Entry<String, String> label : head.labels().entrySet()) {
      names.put(label(hash, label.getKey(), label.getValue()) | head.id(), NOTHING);
    }
    for (int level = 1; level <= LEVELS; level++) {
      long key = times(level, head.id());
      byte[] known = names.get(key);
      if (known == null) {
        names.put(key, times(head.created(), head.created()));
      } else {
        ByteBuffer in = ByteBuffer.wrap(known);
        long first = in.getLong();
        long last = in.getLong();
        if (head.created() >= first && head.created() <= last) {
          return;
        }
        names.put(key, times(Math.min(first, head.created()), Math.max(last, head.created())));
      }
    }
  }

  /** Times stay: a block that covers too much only makes a search look at more. */
  static void remove(RecordTree names, NameHash hash, SnapshotHead head) {
    head.labels().forEach((key, value) -> names.remove(label(hash, key, value) | head.id()));
  }

  private static long times(int level, long id) {
    return block(level, id >> (BLOCK_BITS * level));
  }

  private static long block(int level, long block) {
    return TIMES | ((long) level << LEVEL_SHIFT) | block;
  }

  private static byte[] times(long first, long last) {
    return ByteBuffer.allocate(2 * Long.BYTES).putLong(first).putLong(last).array();
  }

  /**
   * Notes that all snapshots are in the index.
   *
   * @param last the highest id of all, or a higher one
   */
  static void complete(RecordTree names, long count, long last) {
    names.put(
        TIMES,
        ByteBuffer.allocate(1 + 2 * Long.BYTES).put(VERSION).putLong(count).putLong(last).array());
  }

  /** Whether all snapshots are in the index: a program that does not know of it may have run. */
  static boolean complete(RecordTree names, RecordTree ids) {
    byte[] note = names.get(TIMES);
    if (note == null) {
      return ids.count() == 0;
    }
    ByteBuffer in = ByteBuffer.wrap(note);
    if (in.get() != VERSION || in.getLong() != ids.count()) {
      return false;
    }
    boolean[] more = new boolean[1];
    ids.scan(
        in.getLong() + 1,
        (_, _) -> {
          more[0] = true;
          return false;
        });
    return !more[0];
  }

  /** The highest id that the note speaks of. */
  static long last(RecordTree names) {
    byte[] note = names.get(TIMES);
    return note == null ? 0 : ByteBuffer.wrap(note).getLong(1 + Long.BYTES);
  }

  /** Forgets everything of the index. */
  static void clear(RecordTree names) {
    long _ = names.removeRange(TIMES, Long.MAX_VALUE);
  }

  /** How many snapshots have a label, and a few that do not. */
  static long count(RecordTree names, long label) {
    return names.countRange(label, last(label));
  }

  /**
   * Collects ids of snapshots that may have a label.
   *
   * @param from the lowest id
   * @param most how many
   * @return the highest id up to which all were found, {@link Long#MAX_VALUE} when those are all
   */
  static long collect(
      RecordTree names, long label, long from, int most, Times times, Set<Long> ids) {
    Collector collector = new Collector(label, most, times, ids);
    long at = times.next(from);
    while (at <= MAX_ID) {
      collector.next = Long.MAX_VALUE;
      names.scan(label | at, collector);
      if (collector.left == 0) {
        return collector.found;
      }
      at = collector.next;
    }
    return Long.MAX_VALUE;
  }

  /** Takes ids of a label until it has enough, there are no more, or some are to be skipped. */
  private static final class Collector implements RecordTree.Visitor {
    private final long label;
    private final Times times;
    private final Set<Long> ids;
    private int left;
    private long found;

    /** Where to go on, MAX_VALUE when there is no more. */
    private long next;

    Collector(long label, int most, Times times, Set<Long> ids) {
      this.label = label;
      this.left = most;
      this.times = times;
      this.ids = ids;
    }

    @Override
    public boolean record(long key, byte[] value) {
      if (key > last(label)) {
        return false;
      }
      long id = key & MAX_ID;
      long wanted = times.next(id);
      if (wanted != id) {
        next = wanted;
        return false;
      }
      ids.add(id);
      found = id;
      return --left > 0;
    }
  }

  /** Skips blocks of ids in which no cut was at a wanted time. Confined to one thread. */
  static final class Times {
    private final RecordTree names;
    private final SnapshotQuery query;
    private final boolean skipping;
    private long good = -1;

    /**
     * Times of a query.
     *
     * @param complete whether the index knows all snapshots
     */
    Times(RecordTree names, SnapshotQuery query, boolean complete) {
      this.names = names;
      this.query = query;
      this.skipping = complete && query.timed();
    }

    /** The lowest id from one on whose block may hold one; MAX_VALUE when there is none. */
    long next(long from) {
      if (!skipping || from >> BLOCK_BITS == good) {
        return from;
      }
      long id = from;
      int level = LEVELS;
      while (level > 0) {
        int shift = BLOCK_BITS * level;
        long block = existing(level, id >> shift);
        if (block < 0) {
          if (level == LEVELS) {
            return Long.MAX_VALUE;
          }
          // None in this block of the level above, or only in later ones of it.
          int above = shift + BLOCK_BITS;
          id = ((id >> above) + 1) << above;
          level = LEVELS;
          continue;
        }
        id = Math.max(id, block << shift);
        if (!wanted(level, block)) {
          id = (block + 1) << shift;
          level = LEVELS;
          continue;
        }
        level--;
      }
      good = id >> BLOCK_BITS;
      return id;
    }

    /** The first block from one on, within the same block of the level above; -1 for none. */
    private long existing(int level, long block) {
      long[] found = {-1};
      long base = block(level, 0);
      names.scan(
          base | block,
          (key, _) -> {
            found[0] = key - base;
            return false;
          });
      boolean within =
          found[0] >= block
              && found[0] < 1L << LEVEL_SHIFT
              && (level == LEVELS || found[0] >> BLOCK_BITS == block >> BLOCK_BITS);
      return within ? found[0] : -1;
    }

    private boolean wanted(int level, long block) {
      byte[] record = names.get(block(level, block));
      if (record == null) {
        return false;
      }
      ByteBuffer in = ByteBuffer.wrap(record);
      long first = in.getLong();
      return first < query.untilNanos() && in.getLong() >= query.sinceNanos();
    }
  }
}
