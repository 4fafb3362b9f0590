package org.opendvx.core.datastore;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.opendvx.core.datastore.Datastore.Existing;
import org.opendvx.core.datastore.Datastore.NewFile;
import org.opendvx.core.datastore.Snapshots.CloneFile;
import org.opendvx.core.datastore.Snapshots.CutRequest;
import org.opendvx.core.testing.InMemoryPool;

/** What was asked for too long ago changes nothing. */
final class ExpiryTest {
  private static final int MODE = 0640;

  private static byte[] name(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static FileKey file(DvxDatastore store, String name) {
    return TestStore.get(
            store.create(
                Caller.SYSTEM,
                FileKey.ROOT,
                name(name),
                NewFile.regular(AttributeChange.mode(MODE)),
                new Existing.Use()))
        .key();
  }

  private static void refused(BooleanSupplier over, Supplier<CompletableFuture<?>> operation) {
    FileException late =
        assertThrows(
            FileException.class,
            () -> {
              Object _ =
                  TestStore.get(
                      Expiry.within(over, () -> operation.get().thenApply(Object.class::cast)));
            });
    assertEquals(FileError.BUSY, late.error());
  }

  private static byte[] read(DvxDatastore store, FileKey file) {
    byte[] target = new byte[8192];
    Object _ = TestStore.get(store.read(Caller.SYSTEM, file, 0, ByteBuffer.wrap(target)));
    return target;
  }

  private static void write(DvxDatastore store, FileKey file, int value) {
    byte[] content = new byte[8192];
    java.util.Arrays.fill(content, (byte) value);
    Object _ = TestStore.get(store.write(Caller.SYSTEM, file, 0, ByteBuffer.wrap(content), true));
  }

  @Test
  void everyChangeIsRefusedAfterItsTime() {
    try (TestStore opened = TestStore.fresh()) {
      DvxDatastore store = opened.store;
      FileKey file = file(store, "file");
      FileKey other = file(store, "other");
      write(store, file, 1);
      write(store, other, 2);
      byte[] before = read(store, file);
      Snapshots snapshots = store.snapshots();
      long snapshot =
          TestStore.get(snapshots.cut(new CutRequest("s", List.of(file), Map.of(), new byte[0])))
              .snapshot()
              .id();
      Attributes attributes = TestStore.get(store.attributes(file));
      List<Supplier<CompletableFuture<?>>> changes =
          List.of(
              () -> store.write(Caller.SYSTEM, file, 0, ByteBuffer.allocate(8192), true),
              () -> store.write(Caller.SYSTEM, file, 100, ByteBuffer.wrap(new byte[9]), false),
              () ->
                  store.setAttributes(
                      Caller.SYSTEM,
                      file,
                      new AttributeChange(null, null, null, 5L, null, null),
                      null),
              () -> store.remove(Caller.SYSTEM, FileKey.ROOT, name("file")),
              () ->
                  store.rename(
                      Caller.SYSTEM, FileKey.ROOT, name("other"), FileKey.ROOT, name("file")),
              () -> store.link(Caller.SYSTEM, file, FileKey.ROOT, name("third")),
              () ->
                  store.create(
                      Caller.SYSTEM,
                      FileKey.ROOT,
                      name("new"),
                      NewFile.regular(AttributeChange.mode(MODE)),
                      new Existing.Use()),
              () -> snapshots.cut(new CutRequest("t", List.of(file), Map.of(), new byte[0])),
              () -> snapshots.amend(snapshot, Map.of("k", "v"), new byte[1]),
              () -> snapshots.delete(snapshot),
              () -> snapshots.restore(snapshot, List.of(file.file()), List.of()),
              () ->
                  snapshots.clone(
                      Caller.SYSTEM, List.of(new CloneFile(file, FileKey.ROOT, name("clone")))),
              () -> snapshots.replaceContent(Caller.SYSTEM, file, other),
              () ->
                  snapshots.cloneRange(
                      Caller.SYSTEM, new Snapshots.Range(other, 0, file, 0, 4096)));
      changes.forEach(change -> refused(() -> true, change));
      assertArrayEquals(before, read(store, file));
      assertEquals(attributes, TestStore.get(store.attributes(file)));
      assertEquals(1, snapshots.count());
      assertEquals(
          List.of("file", "other"),
          TestStore.get(store.list(Caller.SYSTEM, FileKey.ROOT, 0, 100)).entries().stream()
              .map(entry -> new String(entry.name(), StandardCharsets.UTF_8))
              .filter(name -> !name.startsWith("."))
              .sorted()
              .toList());
      // In time, all is as ever.
      Object _ =
          TestStore.get(
              Expiry.within(() -> false, () -> snapshots.replaceContent(Caller.SYSTEM, file, other))
                  .thenApply(_ -> true));
      assertArrayEquals(read(store, other), read(store, file));
    }
  }

  @Test
  void whatHadToWaitIsRefusedToo() {
    InMemoryPool pool = new InMemoryPool();
    FileKey file;
    try (TestStore opened = TestStore.format(pool)) {
      file = file(opened.store, "file");
      write(opened.store, file, 1);
    }
    try (TestStore opened = TestStore.open(pool)) {
      // A part of a chunk that must be read first, which happens on another thread.
      BooleanSupplier later = () -> Thread.currentThread().isVirtual();
      refused(
          later,
          () ->
              opened.store.write(Caller.SYSTEM, file, 100, ByteBuffer.wrap(new byte[] {9}), true));
      assertEquals(1, read(opened.store, file)[100]);
    }
  }
}
