package org.opendvx.core.datastore;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.testing.InMemoryPool;

/** Opening, files from end to end, recovery. */
class DvxDatastoreTest {
  private static byte[] random(int seed, int length) {
    byte[] bytes = new byte[length];
    new Random(seed).nextBytes(bytes);
    return bytes;
  }

  @Test
  void whatIsWrittenIsRead() {
    try (TestStore store = TestStore.fresh()) {
      FileKey directory = store.directory(FileKey.ROOT, "vm");
      FileKey file = store.file(directory, "disk");
      byte[] content = random(1, 100_000);
      store.write(file, 4242, content);
      assertEquals(104_242, store.attributes(file).size());
      assertArrayEquals(content, store.read(file, 4242, 200_000));
      assertArrayEquals(new byte[4242], store.read(file, 0, 4242));
      assertEquals(List.of("disk"), store.names(directory, 10));
      assertEquals(file, store.lookup(directory, "disk"));
    }
  }

  @Test
  void acknowledgedStateSurvivesACrashAndACleanStop() {
    TestStore store = TestStore.fresh();
    FileKey directory = store.directory(FileKey.ROOT, "vm");
    FileKey file = store.file(directory, "disk");
    byte[] content = random(2, 3_000_000);
    for (int at = 0; at < content.length; at += 1_000_000) {
      store.write(file, at, Arrays.copyOfRange(content, at, at + 1_000_000));
    }
    long verifier = store.store.writeVerifier();
    for (int round = 0; round < 3; round++) {
      store = round == 1 ? store.restart() : store.crash();
      assertNotEquals(verifier, store.store.writeVerifier());
      assertEquals(file, store.lookup(store.lookup(FileKey.ROOT, "vm"), "disk"));
      assertArrayEquals(content, store.readAll(file));
      assertEquals(3_000_000 / 4096 * 4096 + 4096, store.attributes(file).used());
    }
    store.close();
  }

  @Test
  void removedNamesAreGoneAlsoAfterACrash() {
    TestStore store = TestStore.fresh();
    FileKey file = store.file(FileKey.ROOT, "a");
    store.write(file, 0, random(3, 10_000));
    TestStore.get(store.store.remove(Caller.SYSTEM, FileKey.ROOT, TestStore.name("a")));
    FileKey stale = file;
    FileException gone =
        assertThrows(
            FileException.class, () -> TestStore.get(TestStore.fresh().store.attributes(stale)));
    assertEquals(FileError.STALE, gone.error());
    store = store.crash();
    assertEquals(List.of(), store.names(FileKey.ROOT, 100));
    store.close();
  }

  @Test
  void aPoolThatWasNeverFormattedIsNotOpened() {
    DvxException e = assertThrows(DvxException.class, () -> TestStore.open(new InMemoryPool()));
    assertEquals(Kind.NOT_FOUND, e.kind());
    assertTrue(e.render().contains("Format"));
  }

  @Test
  void aPoolIsNotFormattedTwice() {
    TestStore store = TestStore.fresh();
    store.close();
    DvxException e = assertThrows(DvxException.class, () -> TestStore.format(store.pool));
    assertEquals(Kind.EXISTS, e.kind());
  }
}
