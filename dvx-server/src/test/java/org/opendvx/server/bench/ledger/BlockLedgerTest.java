package org.opendvx.server.bench.ledger;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.opendvx.core.error.DvxException;

class BlockLedgerTest {
  private final BlockLedger ledger =
      new BlockLedger(new Span(1, 8 * 4096, 4096), 100, BlockLedger.unrecorded());

  @Test
  void aBlockHasAtMostOneOpenWrite() {
    assertTrue(ledger.open(0, 2, 2));
    assertFalse(ledger.open(0, 3, 1));
    assertFalse(ledger.open(0, 0, 3));
    assertTrue(ledger.open(0, 4, 1));
    ledger.close(0, 2, 2);
    assertTrue(ledger.open(0, 3, 1));
  }

  @Test
  void aRestartLowersWhatReadersMustFindToWhatIsDurable() {
    ledger.advance(0, 1);
    ledger.acknowledge(0, 1);
    ledger.harden(0, 1, 1);
    ledger.advance(0, 1);
    ledger.acknowledge(0, 1);
    assertEquals(102, ledger.expected(0, 1, ledger.readFloor(0, 1)).oldest());
    ledger.forgetUnstable();
    assertEquals(101, ledger.expected(0, 1, ledger.readFloor(0, 1)).oldest());
    assertEquals(102, ledger.expected(0, 1, ledger.readFloor(0, 1)).newest());
  }

  @Test
  void nothingIsExpectedOfABlockThatWasOnlySent() {
    ledger.advance(0, 1);
    assertTrue(ledger.expected(0, 1, ledger.readFloor(0, 1)).holeAllowed());
    assertEquals(0, ledger.durableBlocks());
  }

  @Test
  void unevenAndBoundlessSpansAreRefused() {
    assertThrows(DvxException.class, () -> new Span(1, 5000, 4096));
    assertThrows(DvxException.class, () -> new Span(0, 4096, 4096));
    assertThrows(DvxException.class, () -> new Span(1000, 1L << 40, 4096));
  }
}
