package org.opendvx.core.datastore;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.opendvx.core.datastore.Datastore.NewFile;
import org.opendvx.core.datastore.Snapshots.CloneFile;
import org.opendvx.core.datastore.Snapshots.CutRequest;
import org.opendvx.core.datastore.Snapshots.Member;
import org.opendvx.core.datastore.Snapshots.SnapshotInfo;

/** Snapshots, their view, clones and restores. */
class SnapshotsTest {
  private TestStore store = TestStore.fresh();
  private final FileKey folder = store.directory(FileKey.ROOT, "vm");
  private final FileKey disk = store.file(folder, "disk.vmdk");
  private final FileKey config = store.file(folder, "vm.vmx");

  @AfterEach
  void close() {
    store.close();
  }

  private static byte[] random(int seed, int length) {
    byte[] bytes = new byte[length];
    new Random(seed).nextBytes(bytes);
    return bytes;
  }

  private static void refused(FileError error, Runnable operation) {
    assertEquals(error, assertThrows(FileException.class, operation::run).error());
  }

  private void restore(long snapshot, List<Long> members, FileKey... remove) {
    TestStore.get(store.store.snapshots().restore(snapshot, members, List.of(remove)));
  }

  private void remove(FileKey directory, String name) {
    TestStore.get(store.store.remove(Caller.SYSTEM, directory, TestStore.name(name)));
  }

  @Test
  void aSnapshotKeepsWhatWasThereAtTheCut() {
    byte[] before = random(1, 50_000);
    store.write(disk, 0, before);
    SnapshotInfo taken = store.cut("first", disk, config).snapshot();
    store.write(disk, 10_000, random(2, 100_000));
    remove(folder, "vm.vmx");
    for (int round = 0; round < 3; round++) {
      FileKey top = store.lookup(FileKey.SNAPSHOTS, "first");
      FileKey frozen = store.lookup(store.lookup(top, "vm"), "disk.vmdk");
      assertEquals(new FileKey(taken.id(), disk.file()), frozen);
      assertArrayEquals(before, store.readAll(frozen));
      assertEquals(List.of("disk.vmdk", "vm.vmx"), store.names(store.lookup(top, "vm"), 1));
      assertEquals(top, store.lookup(store.lookup(top, "vm"), ".."));
      assertEquals(FileKey.SNAPSHOTS, store.lookup(top, ".."));
      assertEquals(FileKey.ROOT, store.lookup(FileKey.SNAPSHOTS, ".."));
      assertNotEquals(store.attributes(disk).file(), store.attributes(frozen).file());
      SnapshotInfo info = store.store.snapshots().find("first").orElseThrow();
      assertEquals(2, info.files());
      assertEquals(50_000, info.logicalBytes());
      assertEquals(Map.of("kind", "test"), info.labels());
      assertArrayEquals(new byte[] {1, 2}, info.document());
      assertEquals(
          List.of("/vm/disk.vmdk", "/vm/vm.vmx"),
          store.store.snapshots().members(info.id()).stream().map(Member::path).sorted().toList());
      store = round == 0 ? store.crash() : store.restart();
    }
  }

  private void cloneRange(FileKey source, long from, FileKey target, long to, long length) {
    TestStore.get(
        store
            .store
            .snapshots()
            .cloneRange(Caller.SYSTEM, new Snapshots.Range(source, from, target, to, length)));
  }

  @Test
  void aRangeOfAFrozenFileIsSharedWithoutStoringItAgain() {
    byte[] then = random(1, 40_960);
    store.write(disk, 8_192, then);
    SnapshotInfo taken = store.cut("first", disk).snapshot();
    FileKey frozen = new FileKey(taken.id(), disk.file());
    store.write(disk, 0, random(2, 60_000));
    byte[] own = random(3, 65_536);
    store.write(config, 0, own);
    long stored = store.store.space().storedWritten();
    long written = store.store.space().logicalWritten();
    cloneRange(frozen, 4_096, config, 16_384, 20_480);
    cloneRange(frozen, 1 << 20, config, 1 << 20, 8_192);
    TestStore.get(store.store.commit(config));
    assertEquals(stored, store.store.space().storedWritten());
    byte[] expected = java.util.Arrays.copyOf(own, (1 << 20) + 8_192);
    java.util.Arrays.fill(expected, 16_384, 20_480, (byte) 0);
    System.arraycopy(then, 0, expected, 20_480, 16_384);
    for (int round = 0; round < 3; round++) {
      assertArrayEquals(expected, store.readAll(config), "round " + round);
      assertEquals(written, store.store.space().logicalWritten(), "not counted as written");
      store = round == 0 ? store.crash() : store.restart();
    }
    TestStore.get(store.store.snapshots().delete(taken.id()));
    assertArrayEquals(expected, store.readAll(config), "what it refers to stays");
  }

  @Test
  void aRangeWithinOneFileMayOverlapItself() {
    byte[] bytes = random(4, 49_152);
    store.write(disk, 0, bytes);
    cloneRange(disk, 0, disk, 8_192, 40_960);
    System.arraycopy(bytes.clone(), 0, bytes, 8_192, 40_960);
    assertArrayEquals(bytes, store.readAll(disk));
  }

  @Test
  void aRangeThatIsSharedDurablySurvivesACrash() {
    byte[] bytes = random(6, 49_152);
    store.write(disk, 0, bytes);
    TestStore.get(
        store.store.cloneRangeDurably(
            Caller.SYSTEM, new Snapshots.Range(disk, 0, disk, 8_192, 40_960)));
    store = store.crash();
    System.arraycopy(bytes.clone(), 0, bytes, 8_192, 40_960);
    assertArrayEquals(bytes, store.readAll(disk));
  }

  @Test
  void rangesThatAreNoneAreRefused() {
    store.write(disk, 0, random(4, 8_192));
    SnapshotInfo taken = store.cut("first", disk).snapshot();
    FileKey frozen = new FileKey(taken.id(), disk.file());
    refused(FileError.INVALID, () -> cloneRange(disk, 1, config, 0, 4_096));
    refused(FileError.INVALID, () -> cloneRange(disk, 0, config, 0, 4_000));
    refused(FileError.INVALID, () -> cloneRange(disk, -4_096, config, 0, 4_096));
    refused(FileError.INVALID, () -> cloneRange(disk, 0, config, 0, Snapshots.MAX_RANGE + 4_096L));
    refused(
        FileError.FILE_TOO_LARGE,
        () -> cloneRange(disk, 0, config, Datastore.MAX_FILE_SIZE, 4_096));
    refused(FileError.READ_ONLY, () -> cloneRange(disk, 0, frozen, 0, 4_096));
    refused(FileError.STALE, () -> cloneRange(new FileKey(99, 9), 0, config, 0, 4_096));
    assertEquals(0, store.attributes(config).size());
  }

  @Test
  void severalSnapshotsOfOneCutAreOneInstantAndEachStandsAlone() {
    byte[] before = random(1, 5_000);
    store.write(disk, 0, before);
    CutRequest one = new CutRequest("one", List.of(disk), Map.of("a", "1"), new byte[] {1});
    CutRequest two = new CutRequest("two", List.of(config), Map.of("b", "2"), new byte[] {2});
    List<Snapshots.Cut> cuts =
        TestStore.get(store.store.snapshots().cutTogether(List.of(one, two)));
    assertEquals(
        cuts.getFirst().snapshot().createdNanos(), cuts.getLast().snapshot().createdNanos());
    store.write(disk, 0, random(2, 5_000));
    store = store.crash();
    SnapshotInfo first = store.store.snapshots().find("one").orElseThrow();
    assertArrayEquals(new byte[] {1}, first.document());
    TestStore.get(store.store.snapshots().delete(cuts.getLast().snapshot().id()));
    assertTrue(store.store.snapshots().find("two").isEmpty());
    restore(first.id(), List.of(disk.file()));
    assertArrayEquals(before, store.readAll(disk));
  }

  @Test
  void aFileThatSeveralSnapshotsOfOneCutHoldIsKeptByEach() {
    byte[] before = random(1, 50_000);
    store.write(disk, 0, before);
    List<Snapshots.Cut> cuts =
        TestStore.get(
            store
                .store
                .snapshots()
                .cutTogether(
                    List.of(
                        new CutRequest("one", List.of(disk), Map.of(), new byte[0]),
                        new CutRequest("two", List.of(config, disk), Map.of(), new byte[0]))));
    store.write(disk, 0, random(2, 50_000));
    store = store.crash();
    for (Snapshots.Cut cut : cuts) {
      assertArrayEquals(
          before, store.readAll(new FileKey(cut.snapshot().id(), disk.file())), "frozen");
    }
    TestStore.get(store.store.snapshots().delete(cuts.getFirst().snapshot().id()));
    store = store.crash();
    restore(cuts.getLast().snapshot().id(), List.of(disk.file()));
    assertArrayEquals(before, store.readAll(disk));
  }

  @Test
  void aCutOfSeveralIsRefusedWhole() {
    store.cut("taken", disk);
    CutRequest fresh = new CutRequest("fresh", List.of(config), Map.of(), new byte[0]);
    for (CutRequest bad :
        List.of(
            new CutRequest("taken", List.of(disk), Map.of(), new byte[0]),
            new CutRequest("fresh", List.of(disk), Map.of(), new byte[0]))) {
      refused(
          FileError.EXISTS,
          () -> TestStore.get(store.store.snapshots().cutTogether(List.of(fresh, bad))));
    }
    refused(FileError.INVALID, () -> TestStore.get(store.store.snapshots().cutTogether(List.of())));
    assertEquals(1, store.store.snapshots().count());
  }

  @Test
  void theViewIsReadOnly() {
    store.write(disk, 0, random(1, 5000));
    store.cut("s", disk);
    FileKey top = store.lookup(FileKey.SNAPSHOTS, "s");
    FileKey frozen = store.lookup(store.lookup(top, "vm"), "disk.vmdk");
    ByteBuffer bytes = ByteBuffer.allocate(10);
    refused(
        FileError.READ_ONLY,
        () -> TestStore.get(store.store.write(Caller.SYSTEM, frozen, 0, bytes, true)));
    refused(FileError.READ_ONLY, () -> store.truncate(frozen, 0));
    refused(FileError.READ_ONLY, () -> store.file(top, "new"));
    refused(FileError.READ_ONLY, () -> store.file(FileKey.SNAPSHOTS, "new"));
    refused(FileError.READ_ONLY, () -> remove(FileKey.SNAPSHOTS, "s"));
    refused(
        FileError.READ_ONLY,
        () ->
            TestStore.get(
                store.store.rename(
                    Caller.SYSTEM, top, TestStore.name("vm"), folder, TestStore.name("x"))));
    refused(
        FileError.READ_ONLY,
        () -> TestStore.get(store.store.link(Caller.SYSTEM, frozen, folder, TestStore.name("x"))));
    int granted = TestStore.get(store.store.access(Caller.SYSTEM, frozen, 0x3f));
    assertEquals(Datastore.Access.READ, granted);
  }

  @Test
  void namesAreUniqueAndComeBackAfterADelete() {
    long first = store.cut("s", disk).snapshot().id();
    refused(FileError.EXISTS, () -> store.cut("s", disk));
    store.store.checkpoint();
    refused(FileError.EXISTS, () -> store.cut("s", disk));
    TestStore.get(store.store.snapshots().delete(first));
    refused(FileError.NOT_FOUND, () -> TestStore.get(store.store.snapshots().delete(first)));
    refused(FileError.NOT_FOUND, () -> store.lookup(FileKey.SNAPSHOTS, "s"));
    refused(FileError.STALE, () -> store.attributes(new FileKey(first, disk.file())));
    long second = store.cut("s", disk).snapshot().id();
    assertNotEquals(first, second);
    store = store.crash();
    assertEquals(second, store.store.snapshots().find("s").orElseThrow().id());
    assertEquals(1, store.store.snapshots().count());
    refused(FileError.INVALID, () -> store.cut("a/b", disk));
    refused(FileError.INVALID, () -> store.cut("..", disk));
  }

  @Test
  void labelsAndDocumentCanBeAmended() {
    byte[] content = random(1, 9000);
    store.write(disk, 0, content);
    long id = store.cut("s", disk).snapshot().id();
    store.store.checkpoint();
    String large = "v".repeat(1000);
    Map<String, String> labels = Map.of("a", large, "b", large, "c", large, "d", large);
    byte[] document = random(3, 200_000);
    TestStore.get(store.store.snapshots().amend(id, labels, document));
    for (int round = 0; round < 3; round++) {
      SnapshotInfo info = store.store.snapshots().snapshot(id).orElseThrow();
      assertEquals(labels, info.labels());
      assertArrayEquals(document, info.document());
      assertEquals("s", info.name());
      assertArrayEquals(content, store.readAll(new FileKey(id, disk.file())));
      assertEquals(1, store.store.snapshots().count());
      store = round == 0 ? store.crash() : store.restart();
    }
  }

  @Test
  void restoreBringsBackContentAttributesAndRemovedFiles() {
    byte[] before = random(1, 70_000);
    store.write(disk, 0, before);
    store.write(config, 0, random(2, 100));
    TestStore.get(store.store.setAttributes(Caller.SYSTEM, disk, AttributeChange.mode(0600), null));
    long id = store.cut("s", disk, config).snapshot().id();
    store.write(disk, 5000, random(3, 200_000));
    TestStore.get(store.store.setAttributes(Caller.SYSTEM, disk, AttributeChange.mode(0644), null));
    remove(folder, "vm.vmx");
    FileKey newer = store.file(folder, "delta.vmdk");
    FileKey moved = store.directory(FileKey.ROOT, "elsewhere");
    TestStore.get(
        store.store.rename(
            Caller.SYSTEM, folder, TestStore.name("disk.vmdk"), moved, TestStore.name("disk2")));
    restore(id, List.of(disk.file(), config.file()), newer);
    for (int round = 0; round < 2; round++) {
      assertArrayEquals(before, store.readAll(disk));
      assertEquals(0600, store.attributes(disk).mode());
      assertEquals(disk, store.lookup(moved, "disk2"));
      assertEquals(config, store.lookup(folder, "vm.vmx"));
      assertArrayEquals(random(2, 100), store.readAll(config));
      assertEquals(List.of("vm.vmx"), store.names(folder, 10));
      refused(FileError.STALE, () -> store.attributes(newer));
      store = store.crash();
    }
  }

  @Test
  void restoreMakesMissingDirectoriesAgain() {
    FileKey deep = store.directory(store.directory(folder, "a"), "b");
    FileKey file = store.file(deep, "f");
    store.write(file, 0, random(1, 10_000));
    long id = store.cut("s", file).snapshot().id();
    remove(deep, "f");
    FileKey a = store.lookup(folder, "a");
    TestStore.get(store.store.removeDirectory(Caller.SYSTEM, a, TestStore.name("b")));
    TestStore.get(store.store.removeDirectory(Caller.SYSTEM, folder, TestStore.name("a")));
    store.store.checkpoint();
    int links = store.attributes(folder).links();
    restore(id, List.of(file.file()));
    assertArrayEquals(random(1, 10_000), store.readAll(file));
    assertEquals(file, store.lookup(store.lookup(store.lookup(folder, "a"), "b"), "f"));
    assertEquals(links + 1, store.attributes(folder).links());
    assertEquals(3, store.attributes(store.lookup(folder, "a")).links());
    store = store.crash();
    assertEquals(file, store.lookup(store.lookup(store.lookup(folder, "a"), "b"), "f"));
  }

  @Test
  void restoreRefusesATakenPlaceUnlessThatIsRemovedToo() {
    long id = store.cut("s", config).snapshot().id();
    remove(folder, "vm.vmx");
    FileKey other = store.file(folder, "vm.vmx");
    refused(FileError.EXISTS, () -> restore(id, List.of(config.file())));
    restore(id, List.of(config.file()), other);
    assertEquals(config, store.lookup(folder, "vm.vmx"));
  }

  @Test
  void clonesAreIndependent() {
    byte[] content = random(1, 300_000);
    store.write(disk, 0, content);
    long id = store.cut("s", disk).snapshot().id();
    store.write(disk, 0, random(2, 300_000));
    FileKey target = store.directory(FileKey.ROOT, "new-vm");
    List<FileKey> keys =
        TestStore.get(
            store
                .store
                .snapshots()
                .clone(
                    Caller.SYSTEM,
                    List.of(
                        new CloneFile(new FileKey(id, disk.file()), target, TestStore.name("1")),
                        new CloneFile(disk, target, TestStore.name("2")))));
    long used = store.attributes(keys.getFirst()).used();
    assertEquals(74 * 4096L, used);
    store.write(keys.getFirst(), 0, random(3, 10));
    TestStore.get(store.store.snapshots().delete(id));
    store = store.crash();
    byte[] changed = content.clone();
    System.arraycopy(random(3, 10), 0, changed, 0, 10);
    assertArrayEquals(changed, store.readAll(keys.getFirst()));
    assertArrayEquals(random(2, 300_000), store.readAll(keys.getLast()));
    assertArrayEquals(random(2, 300_000), store.readAll(disk));
    refused(
        FileError.EXISTS,
        () ->
            TestStore.get(
                store
                    .store
                    .snapshots()
                    .clone(
                        Caller.SYSTEM,
                        List.of(
                            new CloneFile(disk, target, TestStore.name("3")),
                            new CloneFile(disk, target, TestStore.name("3"))))));
  }

  @Test
  void manySnapshotsAreFoundListedAndDeletedOverCheckpoints() {
    store.write(disk, 0, random(1, 5000));
    int many = 3000;
    int left = 2000;
    for (int i = 0; i < many; i++) {
      store.cut("snap-" + i, disk);
      if (i % 700 == 0) {
        store.store.checkpoint();
      }
    }
    for (int i = 0; i < many; i += 3) {
      long id = store.store.snapshots().find("snap-" + i).orElseThrow().id();
      TestStore.get(store.store.snapshots().delete(id));
    }
    for (int round = 0; round < 2; round++) {
      assertEquals(left, store.store.snapshots().count());
      long after = 0;
      int seen = 0;
      while (true) {
        List<SnapshotInfo> page = store.store.snapshots().list(after, 97);
        for (SnapshotInfo info : page) {
          assertTrue(info.id() > after);
          after = info.id();
          seen++;
        }
        if (page.size() < 97) {
          break;
        }
      }
      assertEquals(left, seen);
      assertEquals(left, store.names(FileKey.SNAPSHOTS, 500).size());
      assertTrue(store.store.snapshots().find("snap-0").isEmpty());
      assertTrue(store.store.snapshots().find("snap-1").isPresent());
      store = store.restart();
    }
  }

  @Test
  void linksAndEmptyRequestsAreFrozenToo() {
    FileKey link =
        store
            .create(
                Caller.SYSTEM,
                folder,
                "l",
                new NewFile(FileType.SYMLINK, AttributeChange.NONE, TestStore.name("x"), 0))
            .key();
    store.cut("s", link);
    store.cut("empty");
    FileKey top = store.lookup(FileKey.SNAPSHOTS, "s");
    FileKey frozen = store.lookup(store.lookup(top, "vm"), "l");
    assertArrayEquals(TestStore.name("x"), TestStore.get(store.store.readLink(frozen)));
    assertEquals(List.of(), store.names(store.lookup(FileKey.SNAPSHOTS, "empty"), 10));
    refused(
        FileError.INVALID,
        () ->
            TestStore.get(
                store
                    .store
                    .snapshots()
                    .cut(new CutRequest("x", List.of(folder), Map.of(), new byte[0]))));
  }
}
