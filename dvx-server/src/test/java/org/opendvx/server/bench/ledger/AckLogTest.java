package org.opendvx.server.bench.ledger;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.opendvx.core.error.DvxException;
import org.opendvx.server.bench.pattern.PatternSettings;

class AckLogTest {
  private static final Span SPAN = new Span(2, 16 * 4096, 4096);
  private static final PatternSettings PATTERN = new PatternSettings(9, 4096, 2.1, 5, 100);
  private static final AckLog.Head HEAD = new AckLog.Head(SPAN, PATTERN, 5000);

  @TempDir private Path folder;

  private static BlockLedger replayed(Path file) {
    AckLog.Head head = AckLog.readHead(file);
    BlockLedger ledger = new BlockLedger(head.span(), head.base(), BlockLedger.unrecorded());
    AckLog.replay(file, ledger);
    return ledger;
  }

  @Test
  void whatWasRecordedIsKnownAgain() {
    Path file = folder.resolve("acks");
    SplittableRandom random = new SplittableRandom(3);
    BlockLedger written;
    try (AckLog log = AckLog.open(file, HEAD)) {
      written = new BlockLedger(SPAN, HEAD.base(), log);
      for (int i = 0; i < 20_000; i++) {
        int f = random.nextInt(2);
        int block = random.nextInt(16);
        written.advance(f, block);
        if (random.nextBoolean()) {
          written.harden(f, block, written.issuedStep(f, block));
        }
      }
    }
    BlockLedger found = replayed(file);
    assertEquals(HEAD, AckLog.readHead(file));
    for (int f = 0; f < 2; f++) {
      for (int block = 0; block < 16; block++) {
        assertEquals(written.issuedStep(f, block), found.issuedStep(f, block));
        assertEquals(written.durableStep(f, block), found.durableStep(f, block));
        assertEquals(written.durableStep(f, block), found.readFloor(f, block));
      }
    }
  }

  @Test
  void aSecondRunGoesOnWhereTheFirstEnded() {
    Path file = folder.resolve("acks");
    try (AckLog log = AckLog.open(file, HEAD)) {
      log.issued(0, 1, 1);
      log.durable(0, 1, 1);
    }
    try (AckLog log = AckLog.open(file, new AckLog.Head(SPAN, PATTERN, 9999))) {
      assertEquals(5000, log.head().base(), "generations count from the first run's base");
      log.issued(0, 1, 2);
    }
    BlockLedger found = replayed(file);
    assertEquals(2, found.issuedStep(0, 1));
    assertEquals(1, found.durableStep(0, 1));
    assertEquals(5002, found.expected(0, 1, found.readFloor(0, 1)).newest());
    assertEquals(5001, found.expected(0, 1, found.readFloor(0, 1)).oldest());
  }

  @Test
  void aTornOrSpoiledTailEndsTheLog() throws IOException {
    Path file = folder.resolve("acks");
    try (AckLog log = AckLog.open(file, HEAD)) {
      log.durable(0, 1, 7);
      log.durable(0, 2, 8);
      log.durable(0, 3, 9);
    }
    byte[] whole = Files.readAllBytes(file);
    Files.write(file, Arrays.copyOf(whole, whole.length - 5));
    BlockLedger torn = replayed(file);
    assertEquals(2, torn.durableBlocks());
    whole[whole.length - 16 + 11] ^= 1;
    Files.write(file, whole);
    BlockLedger spoiled = replayed(file);
    assertEquals(8, spoiled.durableStep(0, 2));
    assertEquals(0, spoiled.durableStep(0, 3));
  }

  @Test
  void aRunAfterATornTailIsReadable() throws IOException {
    Path file = folder.resolve("acks");
    try (AckLog log = AckLog.open(file, HEAD)) {
      log.durable(0, 1, 7);
    }
    Files.write(file, new byte[] {2, 0, 0}, StandardOpenOption.APPEND);
    try (AckLog log = AckLog.open(file, HEAD)) {
      log.durable(0, 2, 8);
    }
    assertEquals(2, replayed(file).durableBlocks());
  }

  @Test
  void aLogOfAnotherLoadIsRefused() {
    Path file = folder.resolve("acks");
    AckLog.open(file, HEAD).close();
    AckLog.Head other = new AckLog.Head(new Span(1, 16 * 4096, 4096), PATTERN, 1);
    assertThrows(DvxException.class, () -> AckLog.open(file, other));
  }

  @Test
  void aFileThatIsNoLogIsRefused() throws IOException {
    Path file = folder.resolve("text");
    Files.writeString(file, "x".repeat(200));
    DvxException error = assertThrows(DvxException.class, () -> AckLog.readHead(file));
    assertTrue(error.render().contains("is no log"), error.render());
  }
}
