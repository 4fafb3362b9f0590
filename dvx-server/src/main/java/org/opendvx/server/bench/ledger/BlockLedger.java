package org.opendvx.server.bench.ledger;

import java.util.Arrays;
import java.util.BitSet;
import org.opendvx.server.bench.pattern.Expected;

/**
 * The generations of every block: the newest that was sent, the newest that was acknowledged, and
 * the newest that a crash must not lose. Generations of a block are dense, so that all that was
 * ever sent between two of them is known. At most one write of a block is open at a time; that
 * makes the order of a block's generations the server's order too. Not thread-safe.
 */
public final class BlockLedger {
  /** Told of every change that a later check needs. */
  public interface Recorder {
    /** A generation of a block is about to be sent. */
    void issued(int file, int block, int step);

    /** A generation of a block must be there after a crash. */
    void durable(int file, int block, int step);
  }

  private final Span span;
  private final long base;
  private final int[][] issued;
  private final int[][] acknowledged;
  private final int[][] durable;
  private final BitSet[] open;
  private final Recorder recorder;

  /**
   * Starts with nothing known.
   *
   * @param base a generation that is at least as new as what earlier runs have written
   */
  public BlockLedger(Span span, long base, Recorder recorder) {
    this.span = span;
    this.base = base;
    this.recorder = recorder;
    this.issued = new int[span.files()][span.blocks()];
    this.acknowledged = new int[span.files()][span.blocks()];
    this.durable = new int[span.files()][span.blocks()];
    this.open = new BitSet[span.files()];
    Arrays.setAll(open, _ -> new BitSet(span.blocks()));
  }

  /** The files and blocks that this keeps account of. */
  public Span span() {
    return span;
  }

  /** A recorder for loads whose account ends with them. */
  public static Recorder unrecorded() {
    return new Recorder() {
      @Override
      public void issued(int file, int block, int step) {}

      @Override
      public void durable(int file, int block, int step) {}
    };
  }

  /** Takes {@code count} blocks for a write, or refuses when one of them has a write open. */
  public boolean open(int file, int block, int count) {
    int busy = open[file].nextSetBit(block);
    if (busy >= 0 && busy < block + count) {
      return false;
    }
    open[file].set(block, block + count);
    return true;
  }

  /** Gives blocks back whose write has ended, however it ended. */
  public void close(int file, int block, int count) {
    open[file].clear(block, block + count);
  }

  /** Gives all blocks back, as when a load is abandoned. */
  public void closeAll() {
    for (BitSet bits : open) {
      bits.clear();
    }
  }

  /** Moves a block to its next generation, which is about to be sent. */
  public void advance(int file, int block) {
    issued[file][block]++;
    recorder.issued(file, block, issued[file][block]);
  }

  /** The generation that was sent last. */
  public long generation(int file, int block) {
    return base + issued[file][block];
  }

  /** Steps from the base to the generation that was sent last. */
  public int issuedStep(int file, int block) {
    return issued[file][block];
  }

  /** Steps from the base to the generation that must be there, 0 if none must. */
  public int durableStep(int file, int block) {
    return durable[file][block];
  }

  /** The server acknowledged what was sent last; readers must see it, as long as it runs. */
  public void acknowledge(int file, int block) {
    acknowledged[file][block] = issued[file][block];
  }

  /** The given step of the block must survive from now on. */
  public void harden(int file, int block, int step) {
    if (step > durable[file][block]) {
      durable[file][block] = step;
      acknowledged[file][block] = Math.max(acknowledged[file][block], step);
      recorder.durable(file, block, step);
    }
  }

  /** The server may have restarted: what was acknowledged but not hardened may be gone. */
  public void forgetUnstable() {
    for (int file = 0; file < span.files(); file++) {
      System.arraycopy(durable[file], 0, acknowledged[file], 0, span.blocks());
    }
  }

  /** The step that a reader must find at least, as of now. */
  public int readFloor(int file, int block) {
    return acknowledged[file][block];
  }

  /** What a reader may find that began when {@link #readFloor} was {@code floor}. */
  public Expected expected(int file, int block, int floor) {
    return new Expected(floor == 0 ? 0 : base + floor, base + issued[file][block], floor == 0);
  }

  /** How many blocks must be there. */
  public long durableBlocks() {
    long count = 0;
    for (int[] steps : durable) {
      for (int step : steps) {
        if (step > 0) {
          count++;
        }
      }
    }
    return count;
  }

  /** Takes over what an earlier run has recorded. */
  void restoreIssued(int file, int block, int step) {
    issued[file][block] = Math.max(issued[file][block], step);
  }

  /** Takes over what an earlier run has recorded; readers must find it. */
  void restoreDurable(int file, int block, int step) {
    durable[file][block] = Math.max(durable[file][block], step);
    acknowledged[file][block] = durable[file][block];
  }
}
