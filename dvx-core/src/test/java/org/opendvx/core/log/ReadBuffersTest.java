package org.opendvx.core.log;

import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class ReadBuffersTest {
  private static final int LONGEST = 1 << 20;

  private final ReadBuffers buffers = new ReadBuffers(LONGEST);

  @Test
  void aLargeArrayIsUsedAgainOnceItsLoanHasEnded() {
    ReadBuffers.Loan first = buffers.loan();
    byte[] large = first.bytes(LONGEST);
    assertSame(large, first.bytes(100_000));
    first.end();
    ReadBuffers.Loan second = buffers.loan();
    assertSame(large, second.bytes(200_000));
    second.end();
  }

  @Test
  void twoLoansNeverShareAnArray() {
    ReadBuffers.Loan first = buffers.loan();
    ReadBuffers.Loan second = buffers.loan();
    byte[] large = first.bytes(LONGEST);
    assertNotSame(large, second.bytes(LONGEST));
    first.end();
    // Ended twice, it is given back once.
    first.end();
    ReadBuffers.Loan third = buffers.loan();
    ReadBuffers.Loan fourth = buffers.loan();
    assertNotSame(third.bytes(LONGEST), fourth.bytes(LONGEST));
  }

  @Test
  void anArrayIsLongEnoughWhateverIsAsked() {
    ReadBuffers.Loan loan = buffers.loan();
    for (int length : new int[] {1, 5000, 64 << 10, 70_000, 10, LONGEST, LONGEST + 1}) {
      assertTrue(loan.bytes(length).length >= length);
    }
    loan.end();
  }
}
