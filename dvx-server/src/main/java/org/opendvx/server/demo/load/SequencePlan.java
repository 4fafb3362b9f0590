package org.opendvx.server.demo.load;

/**
 * Where and how long each write of a dependent sequence is. Write n+1 is sent only when write n has
 * been acknowledged, and goes to another disk, so that a snapshot that is not one instant for all
 * disks shows: it holds a later write and lacks an earlier one.
 *
 * <p>Three of four writes go round a ring of slots that lie on all disks in turn, 4 to 32 KiB each;
 * every fourth overwrites one of the scattered chunks of the first disk, so that each cut meets
 * fresh leaves of a large tree. Several sequences run side by side on places of their own.
 *
 * @param sequence this sequence's number, from 0
 * @param sequences how many there are
 * @param disks how many disks, the first of them the large one
 * @param slotsPerDisk ring slots of this sequence on each disk
 * @param ringStart where the rings begin on the large disk, in bytes; 0 on the others
 * @param chunks the scattered chunks
 */
public record SequencePlan(
    int sequence,
    int sequences,
    int disks,
    int slotsPerDisk,
    long ringStart,
    ScatteredChunks chunks) {
  /** Bytes between two slots: the longest write. */
  public static final int SLOT = 32 << 10;

  private static final int SCATTER_EVERY = 4;

  /**
   * A write.
   *
   * @param offset in bytes
   * @param length in bytes, a multiple of a chunk
   */
  public record Place(int disk, long offset, int length) {}

  /** Where write number {@code n} goes, from 1. */
  public Place place(long n) {
    long chance = (n << 8) + sequence;
    if (n % SCATTER_EVERY == 0) {
      int chunk = (int) Mix.below(chunks.count() / sequences, chance) * sequences + sequence;
      return new Place(0, chunks.offset(chunk), ScatteredChunks.CHUNK);
    }
    int slot = (int) (turn(n) % ring());
    int length =
        ScatteredChunks.CHUNK * (1 + (int) Mix.below(SLOT / ScatteredChunks.CHUNK, chance));
    return new Place(slot % disks, slotOffset(slot % disks, slot / disks), length);
  }

  /** Where a slot of this sequence begins. */
  public long slotOffset(int disk, int slot) {
    long start = disk == 0 ? ringStart : 0;
    return start + ((long) sequence * slotsPerDisk + slot) * SLOT;
  }

  /** The scattered chunk that write {@code n} overwrites, or -1 when it goes to the ring. */
  public int scattered(long n) {
    return n % SCATTER_EVERY == 0
        ? (int) Mix.below(chunks.count() / sequences, (n << 8) + sequence) * sequences + sequence
        : -1;
  }

  /** The last write that went to a ring slot among the first {@code done} ones, 0 when none did. */
  public long lastInSlot(int disk, int slot, long done) {
    long place = (long) slot * disks + disk;
    long last = done % SCATTER_EVERY == 0 ? done - 1 : done;
    if (last <= 0 || turn(last) < place) {
      return 0;
    }
    return write(turn(last) - (turn(last) - place) % ring());
  }

  /** The write that went to the same ring slot one round before, 0 when there is none. */
  public long before(long n) {
    long turn = turn(n) - ring();
    return turn < 0 ? 0 : write(turn);
  }

  private long ring() {
    return (long) slotsPerDisk * disks;
  }

  /** How many ring writes came before the ring write {@code n}. */
  private static long turn(long n) {
    return n - n / SCATTER_EVERY - 1;
  }

  /** The inverse of {@link #turn}. */
  private static long write(long turn) {
    return turn + turn / (SCATTER_EVERY - 1) + 1;
  }

  /** The generation that write {@code n} stamps on its bytes; the fill before it has 1. */
  public static long generation(long n) {
    return n + 1;
  }
}
