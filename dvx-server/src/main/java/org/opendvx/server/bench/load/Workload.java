package org.opendvx.server.bench.load;

import java.util.ArrayDeque;
import java.util.Queue;
import org.opendvx.server.bench.ledger.BlockLedger;
import org.opendvx.server.bench.ledger.UnstableWrites;

/**
 * Decides what is sent next and keeps account of what is answered: the plan's reads and writes,
 * COMMITs at intervals and at the end, and repetition of what a restarted server may have lost. Not
 * thread-safe.
 */
final class Workload {
  private final BlockLedger ledger;
  private final AddressPlan plan;
  private final Stability stability;
  private final long commitBytes;
  private final UnstableWrites[] unstable;
  private final Queue<Repeat> repeats = new ArrayDeque<>();
  private boolean stopped;
  private int openData;
  private int openCommits;
  private int commitCursor;

  private record Repeat(int file, UnstableWrites.Acknowledged write) {}

  /** Begins with nothing sent. */
  Workload(BlockLedger ledger, AddressPlan plan, Stability stability, long commitBytes) {
    this.ledger = ledger;
    this.plan = plan;
    this.stability = stability;
    this.commitBytes = commitBytes;
    this.unstable = new UnstableWrites[ledger.span().files()];
    for (int file = 0; file < unstable.length; file++) {
      unstable[file] = new UnstableWrites(ledger, file);
    }
  }

  BlockLedger ledger() {
    return ledger;
  }

  Stability stability() {
    return stability;
  }

  /** No new reads and writes: what is open ends, and what is uncommitted is committed. */
  void stop() {
    stopped = true;
  }

  /** Whether nothing is open and nothing will be sent. */
  boolean isFinished() {
    if (openData > 0 || openCommits > 0 || !isEnding() || !repeats.isEmpty()) {
      return false;
    }
    for (UnstableWrites writes : unstable) {
      if (!writes.isClean()) {
        return false;
      }
    }
    return true;
  }

  /** Fills the slot with the next call; false when there is none at present. */
  boolean next(Slot slot) {
    slot.repeat = false;
    if (nextCommit(slot)) {
      openCommits++;
      return true;
    }
    if (nextRepeat(slot) || (!stopped && plan.next(slot))) {
      openData++;
      slot.floor =
          slot.operation == Operation.READ && slot.count == 1
              ? ledger.readFloor(slot.file, slot.block)
              : 0;
      return true;
    }
    return false;
  }

  private boolean isEnding() {
    return stopped || plan.isExhausted();
  }

  private boolean nextRepeat(Slot slot) {
    for (int i = repeats.size(); i > 0; i--) {
      Repeat repeat = repeats.remove();
      UnstableWrites.Acknowledged write = repeat.write();
      if (ledger.open(repeat.file(), write.block(), write.count())) {
        slot.operation = Operation.WRITE;
        slot.file = repeat.file();
        slot.block = write.block();
        slot.count = write.count();
        slot.repeat = true;
        return true;
      }
      if (write.count() > 1) {
        repeats.add(repeat);
      }
    }
    return false;
  }

  private boolean nextCommit(Slot slot) {
    if (stability != Stability.UNSTABLE) {
      return false;
    }
    boolean last = isEnding() && openData == 0 && repeats.isEmpty();
    for (int i = 0; i < unstable.length; i++) {
      commitCursor = commitCursor + 1 == unstable.length ? 0 : commitCursor + 1;
      UnstableWrites writes = unstable[commitCursor];
      if (!writes.isCommitting()
          && (writes.waitingBytes() >= commitBytes || (last && writes.waitingBytes() > 0))) {
        writes.beginCommit();
        slot.operation = Operation.COMMIT;
        slot.file = commitCursor;
        slot.block = 0;
        slot.count = 0;
        return true;
      }
    }
    return false;
  }

  /** Moves the blocks of a WRITE to the generation that is about to be sent, unless repeated. */
  void beforeWrite(Slot slot) {
    if (slot.repeat) {
      return;
    }
    for (int i = 0; i < slot.count; i++) {
      ledger.advance(slot.file, slot.block + i);
    }
  }

  /** A READ was answered, well or not. */
  void endRead(Slot slot) {
    openData--;
    ledger.close(slot.file, slot.block, slot.count);
  }

  /** A WRITE went well. */
  void endWrite(Slot slot, int committed, long verifier) {
    openData--;
    for (int i = 0; i < slot.count; i++) {
      ledger.acknowledge(slot.file, slot.block + i);
      if (committed != Stability.UNSTABLE.number()) {
        int step = ledger.issuedStep(slot.file, slot.block + i);
        ledger.harden(slot.file, slot.block + i, step);
      }
    }
    if (committed == Stability.UNSTABLE.number()) {
      unstable[slot.file].add(slot.block, slot.count, verifier);
    }
    ledger.close(slot.file, slot.block, slot.count);
  }

  /** A COMMIT went well; returns how many writes must be repeated. */
  int endCommit(Slot slot, long verifier) {
    openCommits--;
    var again = unstable[slot.file].endCommit(verifier);
    again.forEach(write -> repeats.add(new Repeat(slot.file, write)));
    return again.size();
  }

  /** A call failed. */
  void endFailed(Slot slot) {
    switch (slot.operation) {
      case READ, WRITE -> {
        openData--;
        ledger.close(slot.file, slot.block, slot.count);
      }
      case COMMIT -> {
        openCommits--;
        unstable[slot.file].failCommit();
      }
    }
  }

  /** The server may have restarted. */
  void serverWentAway() {
    ledger.forgetUnstable();
  }

  /** Everything that is open will never be answered. */
  void abandon() {
    stopped = true;
    openData = 0;
    openCommits = 0;
    repeats.clear();
    ledger.closeAll();
  }
}
