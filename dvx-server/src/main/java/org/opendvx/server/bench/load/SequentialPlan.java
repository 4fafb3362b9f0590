package org.opendvx.server.bench.load;

import org.opendvx.server.bench.ledger.BlockLedger;

/**
 * Block after block of each file, the files in turn, so that every file is a stream of its own;
 * once or round and round.
 */
final class SequentialPlan implements AddressPlan {
  private final BlockLedger ledger;
  private final Operation operation;
  private final int step;
  private final boolean endless;
  private final int[] position;
  private int file;
  private int left;

  /**
   * Moves {@code step} blocks at a time, fewer at a file's end.
   *
   * @param endless whether to begin again at the end
   */
  SequentialPlan(BlockLedger ledger, Operation operation, int step, boolean endless) {
    this.ledger = ledger;
    this.operation = operation;
    this.step = step;
    this.endless = endless;
    this.position = new int[ledger.span().files()];
    this.left = position.length;
  }

  @Override
  public boolean next(Slot slot) {
    int blocks = ledger.span().blocks();
    for (int i = 0; i < position.length; i++) {
      file = file + 1 == position.length ? 0 : file + 1;
      if (position[file] == blocks && endless) {
        position[file] = 0;
      }
      int count = Math.min(step, blocks - position[file]);
      if (count == 0) {
        continue;
      }
      if (operation == Operation.WRITE && !ledger.open(file, position[file], count)) {
        continue;
      }
      slot.operation = operation;
      slot.file = file;
      slot.block = position[file];
      slot.count = count;
      position[file] += count;
      if (position[file] == blocks && !endless) {
        left--;
      }
      return true;
    }
    return false;
  }

  @Override
  public boolean isExhausted() {
    return !endless && left == 0;
  }
}
