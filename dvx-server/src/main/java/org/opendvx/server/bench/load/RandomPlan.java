package org.opendvx.server.bench.load;

import java.util.SplittableRandom;
import org.opendvx.server.bench.ledger.BlockLedger;

/**
 * Blocks chosen evenly over all files, without end. Where there are writes too, a read takes its
 * block for itself: what a read finds that overlaps a write of the same bytes is not defined.
 */
final class RandomPlan implements AddressPlan {
  private static final int ATTEMPTS = 16;

  private final BlockLedger ledger;
  private final int readPercent;
  private final SplittableRandom random;

  /** Reads {@code readPercent} of the time and writes else. */
  RandomPlan(BlockLedger ledger, int readPercent, long seed) {
    this.ledger = ledger;
    this.readPercent = readPercent;
    this.random = new SplittableRandom(seed);
  }

  @Override
  public boolean next(Slot slot) {
    slot.count = 1;
    boolean read = readPercent == 100 || (readPercent > 0 && random.nextInt(100) < readPercent);
    slot.operation = read ? Operation.READ : Operation.WRITE;
    for (int i = 0; i < ATTEMPTS; i++) {
      int files = ledger.span().files();
      slot.file = files == 1 ? 0 : random.nextInt(files);
      slot.block = random.nextInt(ledger.span().blocks());
      if (readPercent == 100 || ledger.open(slot.file, slot.block, 1)) {
        return true;
      }
    }
    return false;
  }

  @Override
  public boolean isExhausted() {
    return false;
  }
}
