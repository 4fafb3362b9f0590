package org.opendvx.server.bench.ledger;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class UnstableWritesTest {
  private static final long BOOT_1 = 11;
  private static final long BOOT_2 = 22;

  private final BlockLedger ledger =
      new BlockLedger(new Span(1, 64 * 4096, 4096), 1000, BlockLedger.unrecorded());
  private final UnstableWrites writes = new UnstableWrites(ledger, 0);

  private void write(int block, long verifier) {
    assertTrue(ledger.open(0, block, 1));
    ledger.advance(0, block);
    ledger.acknowledge(0, block);
    writes.add(block, 1, verifier);
    ledger.close(0, block, 1);
  }

  @Test
  void aWriteCountsOnlyOnceACommitOfTheSameVerifierIsAnswered() {
    write(3, BOOT_1);
    assertEquals(0, ledger.durableBlocks());
    writes.beginCommit();
    assertEquals(0, ledger.durableBlocks());
    assertTrue(writes.endCommit(BOOT_1).isEmpty());
    assertEquals(1, ledger.durableStep(0, 3));
    assertTrue(writes.isClean());
  }

  @Test
  void aWriteAnsweredAfterTheCommitWasSentIsNotCovered() {
    write(3, BOOT_1);
    writes.beginCommit();
    write(4, BOOT_1);
    writes.endCommit(BOOT_1);
    assertEquals(1, ledger.durableStep(0, 3));
    assertEquals(0, ledger.durableStep(0, 4));
    assertFalse(writes.isClean());
    assertEquals(4096, writes.waitingBytes());
  }

  @Test
  void writesBeforeARestartMustBeSentAgain() {
    write(3, BOOT_1);
    write(4, BOOT_2);
    writes.beginCommit();
    var again = writes.endCommit(BOOT_2);
    assertEquals(1, again.size());
    assertEquals(3, again.getFirst().block());
    assertEquals(0, ledger.durableStep(0, 3));
    assertEquals(1, ledger.durableStep(0, 4));
  }

  @Test
  void aLostWriteIsNotSentAgainWhenANewerOneOfTheBlockWasSent() {
    write(3, BOOT_1);
    write(3, BOOT_2);
    writes.beginCommit();
    assertTrue(writes.endCommit(BOOT_2).isEmpty());
    assertEquals(2, ledger.durableStep(0, 3));
  }

  @Test
  void whatAFailedCommitWasToCoverWaitsForTheNext() {
    write(3, BOOT_1);
    writes.beginCommit();
    writes.failCommit();
    assertEquals(4096, writes.waitingBytes());
    writes.beginCommit();
    writes.endCommit(BOOT_1);
    assertEquals(1, ledger.durableStep(0, 3));
  }

  @Test
  void theCommitOfAnOlderGenerationDoesNotHardenTheNewer() {
    write(3, BOOT_1);
    writes.beginCommit();
    assertTrue(ledger.open(0, 3, 1));
    ledger.advance(0, 3);
    writes.endCommit(BOOT_1);
    assertEquals(1, ledger.durableStep(0, 3));
    assertEquals(2, ledger.issuedStep(0, 3));
  }
}
