package org.opendvx.core.testing;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;
import org.opendvx.core.datastore.AttributeChange;
import org.opendvx.core.datastore.Caller;
import org.opendvx.core.datastore.Datastore.Existing;
import org.opendvx.core.datastore.Datastore.Found;
import org.opendvx.core.datastore.Datastore.NewFile;
import org.opendvx.core.datastore.FileError;
import org.opendvx.core.datastore.FileException;
import org.opendvx.core.datastore.FileKey;
import org.opendvx.core.datastore.Snapshots;
import org.opendvx.core.datastore.Snapshots.CloneFile;
import org.opendvx.core.datastore.Snapshots.Cut;
import org.opendvx.core.datastore.Snapshots.CutRequest;

class InMemoryDatastoreTest {
  private final InMemoryDatastore datastore = new InMemoryDatastore();
  private final Snapshots snapshots = datastore.snapshots();

  @Property(tries = 200)
  void sparseBytesAreLikeAnArray(@ForAll long seed) {
    Random random = new Random(seed);
    SparseBytes sparse = new SparseBytes();
    byte[] array = new byte[40_000];
    int size = 0;
    for (int i = 0; i < 60; i++) {
      int offset = random.nextInt(30_000);
      if (random.nextInt(4) == 0) {
        sparse.resize(offset);
        Arrays.fill(array, offset, array.length, (byte) 0);
        size = offset;
      } else {
        byte[] data = new byte[random.nextInt(10_000)];
        if (random.nextBoolean()) {
          random.nextBytes(data);
        }
        SparseBytes frozen = random.nextInt(5) == 0 ? sparse.freeze() : null;
        sparse.write(offset, ByteBuffer.wrap(data));
        if (frozen != null) {
          assertArrayEquals(Arrays.copyOf(array, size), all(frozen));
        }
        System.arraycopy(data, 0, array, offset, data.length);
        size = data.length == 0 ? size : Math.max(size, offset + data.length);
      }
      assertArrayEquals(Arrays.copyOf(array, size), all(sparse));
      assertTrue(sparse.used() <= 40_960, sparse.used() + " bytes");
    }
  }

  private static byte[] all(SparseBytes bytes) {
    byte[] all = new byte[(int) bytes.size()];
    assertEquals(all.length, bytes.read(0, ByteBuffer.wrap(all)));
    return all;
  }

  @Test
  void aSnapshotKeepsWhatWasThereAndShowsIt() {
    FileKey folder = make(FileKey.ROOT, "vm", NewFile.directory(AttributeChange.NONE));
    FileKey file = make(folder, "disk", NewFile.regular(AttributeChange.NONE));
    write(file, "before");
    Cut cut = cut("first", file);
    write(file, "after!");
    assertEquals("/vm/disk", snapshots.members(cut.snapshot().id()).getFirst().path());

    FileKey seen = FileKey.ROOT;
    for (String name : List.of(".snapshots", "first", "vm", "disk")) {
      seen = find(seen, name).key();
    }
    assertEquals("before", new String(datastore.content(seen), StandardCharsets.UTF_8));
    FileKey frozen = seen;
    assertEquals(
        FileError.READ_ONLY,
        refusal(datastore.write(Caller.SYSTEM, frozen, 0, ByteBuffer.allocate(1), true)));
  }

  @Test
  void restoreBringsBackContentAndDeletedFilesUnderTheirIds() {
    FileKey folder = make(FileKey.ROOT, "vm", NewFile.directory(AttributeChange.NONE));
    FileKey one = make(folder, "one", NewFile.regular(AttributeChange.NONE));
    FileKey two = make(folder, "two", NewFile.regular(AttributeChange.NONE));
    write(one, "one");
    write(two, "two");
    Cut cut = cut("s", one, two);
    write(one, "ONE");
    datastore.remove(Caller.SYSTEM, folder, name("two")).join();
    FileKey late = make(folder, "late", NewFile.regular(AttributeChange.NONE));
    snapshots.restore(cut.snapshot().id(), List.of(one.file(), two.file()), List.of(late)).join();
    assertArrayEquals(name("one"), datastore.content(one));
    assertArrayEquals(name("two"), datastore.content(two));
    assertEquals(two, find(folder, "two").key());
    assertEquals(1, find(folder, "two").attributes().links());
    assertEquals(FileError.STALE, refusal(datastore.attributes(late)));
    write(one, "new");
    snapshots.restore(cut.snapshot().id(), List.of(one.file()), List.of()).join();
    assertArrayEquals(name("one"), datastore.content(one), "a second time");
  }

  @Test
  void clonesShareNothingThatCanBeSeen() {
    FileKey file = make(FileKey.ROOT, "file", NewFile.regular(AttributeChange.NONE));
    write(file, "original");
    CloneFile wanted = new CloneFile(file, FileKey.ROOT, name("clone"));
    FileKey clone = snapshots.clone(Caller.SYSTEM, List.of(wanted)).join().getFirst();
    write(clone, "changed!");
    assertArrayEquals(name("original"), datastore.content(file));
    write(file, "ORIGINAL");
    assertArrayEquals(name("changed!"), datastore.content(clone));
    assertEquals(FileError.EXISTS, refusal(snapshots.clone(Caller.SYSTEM, List.of(wanted))));
  }

  @Test
  void aDeletedSnapshotIsGone() {
    FileKey file = make(FileKey.ROOT, "file", NewFile.regular(AttributeChange.NONE));
    Cut cut = cut("s", file);
    snapshots.delete(cut.snapshot().id()).join();
    assertEquals(0, snapshots.count());
    assertEquals(
        FileError.STALE,
        refusal(datastore.attributes(new FileKey(cut.snapshot().id(), file.file()))));
    assertThrows(FileException.class, () -> snapshots.members(cut.snapshot().id()));
  }

  private Cut cut(String name, FileKey... files) {
    return snapshots.cut(new CutRequest(name, List.of(files), Map.of(), new byte[0])).join();
  }

  private FileKey make(FileKey directory, String name, NewFile file) {
    return datastore
        .create(Caller.SYSTEM, directory, name(name), file, new Existing.Refuse())
        .join()
        .key();
  }

  private Found find(FileKey directory, String name) {
    return datastore.lookup(Caller.SYSTEM, directory, name(name)).join();
  }

  private void write(FileKey file, String text) {
    datastore.write(Caller.SYSTEM, file, 0, ByteBuffer.wrap(name(text)), true).join();
  }

  private static FileError refusal(CompletableFuture<?> future) {
    CompletionException refused = assertThrows(CompletionException.class, future::join);
    return ((FileException) Objects.requireNonNull(refused.getCause())).error();
  }

  private static byte[] name(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
