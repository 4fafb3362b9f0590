package org.opendvx.server.hosts;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class HistoryTest {
  private final History history = new History(2);

  private void write(int client, long value, long start, long end) {
    history.add(client, new History.Step(true, value, start, end));
  }

  private void read(int client, long value, long start, long end) {
    history.add(client, new History.Step(false, value, start, end));
  }

  @Test
  void overlappingStepsMayTakeEffectInEitherOrder() {
    write(0, 1, 0, 10);
    read(1, 0, 1, 2);
    read(1, 1, 3, 4);
    assertTrue(history.linearizable(0));
  }

  @Test
  void aReadThatGoesBackIsFound() {
    write(0, 1, 0, 10);
    read(1, 1, 1, 2);
    read(1, 0, 3, 4);
    assertFalse(history.linearizable(0));
  }

  @Test
  void aLostWriteIsFound() {
    write(0, 1, 0, 1);
    read(1, 0, 2, 3);
    assertFalse(history.linearizable(0));
  }

  @Test
  void aWriteOfUnknownFateMayBeSeenOrNot() {
    write(0, 1, 0, Long.MAX_VALUE);
    read(1, 0, 5, 6);
    read(1, 1, 7, 8);
    assertTrue(history.linearizable(0));
    read(1, 0, 9, 10);
    assertFalse(history.linearizable(0));
  }
}
