package org.opendvx.server.bench.ledger;

import java.util.ArrayList;
import java.util.List;

/**
 * The acknowledged UNSTABLE writes of one file that no COMMIT has covered yet (RFC 1813, section
 * 4.8): a COMMIT makes those durable that were acknowledged before it was sent and carry the same
 * write verifier; the others must be sent again. Not thread-safe.
 */
public final class UnstableWrites {
  /** One acknowledged write. */
  public static final class Acknowledged {
    private final int block;
    private final int[] steps;
    private final long verifier;

    private Acknowledged(int block, int[] steps, long verifier) {
      this.block = block;
      this.steps = steps;
      this.verifier = verifier;
    }

    /** First block. */
    public int block() {
      return block;
    }

    /** How many blocks. */
    public int count() {
      return steps.length;
    }
  }

  private final BlockLedger ledger;
  private final int file;
  private List<Acknowledged> waiting = new ArrayList<>();
  private List<Acknowledged> committing = new ArrayList<>();
  private long waitingBytes;
  private boolean open;

  /** Keeps account of one file. */
  public UnstableWrites(BlockLedger ledger, int file) {
    this.ledger = ledger;
    this.file = file;
  }

  /** Notes an acknowledged UNSTABLE write of what was sent last. */
  public void add(int block, int count, long verifier) {
    int[] steps = new int[count];
    for (int i = 0; i < count; i++) {
      steps[i] = ledger.issuedStep(file, block + i);
    }
    waiting.add(new Acknowledged(block, steps, verifier));
    waitingBytes += (long) count * ledger.span().blockSize();
  }

  /** Bytes that a COMMIT sent now would cover. */
  public long waitingBytes() {
    return waitingBytes;
  }

  /** Whether a COMMIT is on its way. */
  public boolean isCommitting() {
    return open;
  }

  /** Whether nothing waits for a COMMIT or for the answer to one. */
  public boolean isClean() {
    return waiting.isEmpty() && !open;
  }

  /** A COMMIT is about to be sent. */
  public void beginCommit() {
    if (open) {
      throw new IllegalStateException("a COMMIT of this file is on its way already");
    }
    open = true;
    committing = waiting;
    waiting = new ArrayList<>();
    waitingBytes = 0;
  }

  /**
   * A COMMIT was answered: hardens what it covered and returns what must be sent again, because the
   * server restarted in between and nothing newer was sent since.
   */
  public List<Acknowledged> endCommit(long verifier) {
    List<Acknowledged> again = new ArrayList<>();
    for (Acknowledged write : committing) {
      if (write.verifier == verifier) {
        for (int i = 0; i < write.count(); i++) {
          ledger.harden(file, write.block() + i, write.steps[i]);
        }
      } else if (isNewest(write)) {
        again.add(write);
      }
    }
    committing = new ArrayList<>();
    open = false;
    return again;
  }

  /** A COMMIT failed: what it was to cover waits for the next one. */
  public void failCommit() {
    for (Acknowledged write : committing) {
      waitingBytes += (long) write.count() * ledger.span().blockSize();
    }
    committing.addAll(waiting);
    waiting = committing;
    committing = new ArrayList<>();
    open = false;
  }

  private boolean isNewest(Acknowledged write) {
    for (int i = 0; i < write.count(); i++) {
      if (ledger.issuedStep(file, write.block() + i) == write.steps[i]) {
        return true;
      }
    }
    return false;
  }
}
