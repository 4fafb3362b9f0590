package org.opendvx.core.pool.remote;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

/** What is remembered of containers, while others delete them. */
final class ContainerLengthsTest {
  private final ContainerLengths lengths = new ContainerLengths();

  @Test
  void anAnswerFromBeforeADeletionDoesNotCount() {
    lengths.put(7, 100);
    int listing = lengths.ask();
    lengths.told(listing, 5, 50);
    // Another host has deleted both; the page that names one of them was sent before.
    lengths.remove(5);
    lengths.remove(7);
    lengths.told(listing, 5, 50);
    lengths.told(listing, 7, 100);
    lengths.told(listing, 9, 90);
    lengths.retain(new long[] {5, 7, 9});
    assertEquals(-1, lengths.get(5));
    assertEquals(-1, lengths.get(7));
    assertEquals(90, lengths.get(9));
    int other = lengths.ask();
    lengths.answered();
    lengths.told(other, 7, 100);
    assertEquals(-1, lengths.get(7));
    lengths.answered();
  }

  @Test
  void anAnswerFromBeforeEverythingWasForgottenDoesNotCount() {
    int asked = lengths.ask();
    lengths.put(3, 30);
    lengths.clear();
    lengths.told(asked, 4, 40);
    lengths.answered();
    assertEquals(-1, lengths.get(3));
    assertEquals(-1, lengths.get(4));
    assertEquals(0, lengths.size());
    int again = lengths.ask();
    lengths.told(again, 4, 40);
    lengths.answered();
    assertEquals(40, lengths.get(4));
  }
}
