package org.opendvx.core.pool.local;

import java.nio.ByteBuffer;
import java.util.HashSet;
import java.util.Set;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The drives that are away and of which nothing is wanted any more: everything stored was whole
 * without them, so when one of them comes back, a shard on it of a container that is not known is
 * of no use. Until then what is deleted has to be remembered. Kept in a record. Thread-safe.
 */
final class GivenUp {
  private static final Logger LOG = LoggerFactory.getLogger(GivenUp.class);
  private static final String KEY = LocalRecordStore.INTERNAL + "given-up";
  private static final int BYTES = Integer.BYTES + Long.BYTES;

  private final LocalRecordStore records;
  private volatile Set<Absence> absences = Set.of();

  /**
   * A drive being away.
   *
   * @param since the generation in which it was shut out: it is another one the next time
   */
  private record Absence(int index, long since) {
    private static Absence of(Member member) {
      return new Absence(member.index(), member.since());
    }
  }

  GivenUp(LocalRecordStore records) {
    this.records = records;
  }

  /** Reads the record; when the pool opens. */
  void load() {
    if (!records.keysInternal(KEY).contains(KEY)) {
      return;
    }
    ByteBuffer value;
    try {
      value = ByteBuffer.wrap(records.peek(KEY));
    } catch (DvxException e) {
      if (e.kind() != Kind.CORRUPT) {
        throw e;
      }
      // Containers that were deleted may come back with a drive; the cleaner deletes them again.
      LOG.error("It is forgotten which drives were given up: {}", e.getMessage());
      return;
    }
    Set<Absence> found = new HashSet<>();
    while (value.remaining() >= BYTES) {
      found.add(new Absence(value.getInt(), value.getLong()));
    }
    absences = Set.copyOf(found);
  }

  /** Whether deletions must be remembered because of drives that are away. */
  boolean isAnyWanted(PoolView view) {
    return view.membership().members().stream()
        .anyMatch(
            member ->
                member.counts()
                    && view.drive(member.index()) == null
                    && !absences.contains(Absence.of(member)));
  }

  /**
   * Whether a drive that is about to be taken back was given up.
   *
   * @param before the membership in which it is still away: the next one forgets since when
   */
  boolean is(Membership before, int drive) {
    return before.has(drive) && absences.contains(Absence.of(before.members().get(drive)));
  }

  /**
   * Gives up all that are away, durably. The caller keeps changes out, and has seen that every
   * container is whole without them.
   */
  void giveUp(PoolView view) {
    Set<Absence> away = new HashSet<>();
    for (Member member : view.membership().members()) {
      if (member.counts() && view.drive(member.index()) == null) {
        away.add(Absence.of(member));
      }
    }
    ByteBuffer value = ByteBuffer.allocate(away.size() * BYTES);
    away.forEach(absence -> value.putInt(absence.index()).putLong(absence.since()));
    records.putInternal(KEY, value.array());
    absences = Set.copyOf(away);
  }
}
