package org.opendvx.core.datastore;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.opendvx.core.datastore.Datastore.Access;
import org.opendvx.core.datastore.Datastore.Changed;
import org.opendvx.core.datastore.Datastore.Created;
import org.opendvx.core.datastore.Datastore.Existing;
import org.opendvx.core.datastore.Datastore.NewFile;
import org.opendvx.core.datastore.Datastore.RequestOutcome;

/** What POSIX and NFS say about names, permissions and attributes. */
class NamespaceTest {
  private static final Caller ANN = new Caller(1000, 100, new int[] {200}, null);
  private static final Caller BOB = new Caller(1001, 101, new int[] {}, null);
  private static final Caller ROOT = Caller.SYSTEM;

  private TestStore store = TestStore.fresh();
  private final FileKey top = store.directory(FileKey.ROOT, "top");

  @AfterEach
  void close() {
    store.close();
  }

  private static AttributeChange size(long size) {
    return new AttributeChange(null, null, null, size, null, null);
  }

  private static AttributeChange owner(@Nullable Integer uid, @Nullable Integer gid) {
    return new AttributeChange(null, uid, gid, null, null, null);
  }

  private Changed set(Caller caller, FileKey file, AttributeChange change) {
    return TestStore.get(store.store.setAttributes(caller, file, change, null));
  }

  private static void refused(FileError error, Runnable operation) {
    assertEquals(error, assertThrows(FileException.class, operation::run).error());
  }

  private FileKey make(Caller caller, FileKey directory, String name, int mode) {
    return store.create(caller, directory, name, NewFile.regular(AttributeChange.mode(mode))).key();
  }

  private void remove(Caller caller, FileKey directory, String name) {
    TestStore.get(store.store.remove(caller, directory, TestStore.name(name)));
  }

  private void rename(Caller caller, FileKey from, String name, FileKey to, String other) {
    TestStore.get(
        store.store.rename(caller, from, TestStore.name(name), to, TestStore.name(other)));
  }

  @Test
  void directoriesCountTheirSubdirectories() {
    FileKey a = store.directory(top, "a");
    FileKey b = store.directory(top, "b");
    assertEquals(4, store.attributes(top).links());
    rename(ROOT, top, "a", b, "a");
    assertEquals(3, store.attributes(top).links());
    assertEquals(3, store.attributes(b).links());
    assertEquals(b, store.lookup(a, ".."));
    assertEquals(a, store.lookup(a, "."));
    TestStore.get(store.store.removeDirectory(ROOT, b, TestStore.name("a")));
    assertEquals(2, store.attributes(b).links());
    refused(FileError.STALE, () -> store.attributes(a));
    refused(FileError.STALE, () -> store.names(a, 10));
  }

  @Test
  void aDirectoryDoesNotMoveBelowItself() {
    FileKey a = store.directory(top, "a");
    FileKey b = store.directory(a, "b");
    refused(FileError.INVALID, () -> rename(ROOT, top, "a", b, "x"));
    refused(FileError.INVALID, () -> rename(ROOT, top, "a", a, "x"));
  }

  @Test
  void hardLinksShareEverything() {
    FileKey file = make(ROOT, top, "a", 0644);
    TestStore.get(store.store.link(ROOT, file, top, TestStore.name("b")));
    assertEquals(2, store.attributes(file).links());
    store.write(store.lookup(top, "b"), 0, new byte[] {1, 2, 3});
    assertArrayEquals(new byte[] {1, 2, 3}, store.readAll(store.lookup(top, "a")));
    remove(ROOT, top, "a");
    assertEquals(1, store.attributes(file).links());
    remove(ROOT, top, "b");
    refused(FileError.STALE, () -> store.attributes(file));
  }

  @Test
  void onlyTheOwnerAndRootChangeOwnersAndModes() {
    set(ROOT, top, AttributeChange.mode(0777));
    FileKey file = make(ANN, top, "a", 0644);
    assertEquals(1000, store.attributes(file).uid());
    assertEquals(100, store.attributes(file).gid());
    refused(FileError.NOT_PERMITTED, () -> set(BOB, file, AttributeChange.mode(0777)));
    refused(FileError.NOT_PERMITTED, () -> set(ANN, file, owner(1001, null)));
    refused(FileError.NOT_PERMITTED, () -> set(ANN, file, owner(null, 101)));
    set(ANN, file, owner(null, 200));
    assertEquals(200, store.attributes(file).gid());
    set(ROOT, file, owner(1001, 101));
    assertEquals(1001, store.attributes(file).uid());
  }

  @Test
  void writingAndGivingAwayClearSetIdBits() {
    FileKey file = make(ROOT, top, "a", 06777);
    assertEquals(06777, store.attributes(file).mode());
    TestStore.get(store.store.write(ANN, file, 0, ByteBuffer.wrap(new byte[10]), true));
    assertEquals(0777, store.attributes(file).mode());
    assertEquals(10, store.attributes(file).size());
    set(ROOT, file, owner(1000, 100));
    set(ANN, file, AttributeChange.mode(06755));
    set(ANN, file, owner(null, 200));
    assertEquals(0755, store.attributes(file).mode());
  }

  @Test
  void permissionsAreChecked() {
    FileKey file = make(ROOT, top, "a", 0600);
    ByteBuffer buffer = ByteBuffer.allocate(10);
    refused(FileError.ACCESS_DENIED, () -> TestStore.get(store.store.read(ANN, file, 0, buffer)));
    refused(
        FileError.ACCESS_DENIED,
        () -> TestStore.get(store.store.write(ANN, file, 0, buffer, true)));
    refused(FileError.ACCESS_DENIED, () -> set(ANN, file, size(5)));
    refused(FileError.ACCESS_DENIED, () -> make(ANN, top, "b", 0600));
    refused(FileError.ACCESS_DENIED, () -> remove(ANN, top, "a"));
    set(ROOT, top, AttributeChange.mode(0700));
    refused(
        FileError.ACCESS_DENIED,
        () -> TestStore.get(store.store.lookup(ANN, top, TestStore.name("a"))));
    refused(FileError.ACCESS_DENIED, () -> TestStore.get(store.store.list(ANN, top, 0, 10)));
    int all = 0x3f;
    assertEquals(0, TestStore.get(store.store.access(ANN, file, all)));
    assertEquals(
        Access.READ | Access.MODIFY | Access.EXTEND,
        TestStore.get(store.store.access(ROOT, file, all)));
  }

  @Test
  void ownersReadAndWriteWhateverTheModeSays() {
    set(ROOT, top, AttributeChange.mode(0777));
    FileKey file = make(ANN, top, "a", 0000);
    TestStore.get(store.store.write(ANN, file, 0, ByteBuffer.wrap(new byte[10]), true));
    assertEquals(
        10, TestStore.get(store.store.read(ANN, file, 0, ByteBuffer.allocate(20))).count());
  }

  @Test
  void stickyDirectoriesProtectTheFilesOfOthers() {
    set(ROOT, top, AttributeChange.mode(01777));
    FileKey file = make(ANN, top, "a", 0666);
    refused(FileError.NOT_PERMITTED, () -> remove(BOB, top, "a"));
    refused(FileError.NOT_PERMITTED, () -> rename(BOB, top, "a", top, "b"));
    FileKey other = make(BOB, top, "c", 0666);
    refused(FileError.NOT_PERMITTED, () -> rename(BOB, top, "c", top, "a"));
    rename(ANN, top, "a", top, "b");
    remove(ANN, top, "b");
    refused(FileError.STALE, () -> store.attributes(file));
    assertEquals(1, store.attributes(other).links());
  }

  @Test
  void newFilesTakeTheGroupOfASetGidDirectory() {
    set(ROOT, top, owner(0, 777));
    set(ROOT, top, AttributeChange.mode(02777));
    FileKey file = make(ANN, top, "a", 0644);
    assertEquals(777, store.attributes(file).gid());
    FileKey directory =
        store.create(ANN, top, "d", NewFile.directory(AttributeChange.mode(0755))).key();
    assertEquals(02755, store.attributes(directory).mode());
    assertEquals(777, store.attributes(directory).gid());
  }

  @Test
  void exclusiveCreationIsIdempotentByItsVerifierAlsoAfterACrash() {
    Existing exclusive = new Existing.Exclusive(42);
    NewFile file = NewFile.regular(AttributeChange.NONE);
    Created first =
        TestStore.get(store.store.create(ROOT, top, TestStore.name("x"), file, exclusive));
    assertTrue(first.isNew());
    store = store.crash();
    Created again =
        TestStore.get(store.store.create(ROOT, top, TestStore.name("x"), file, exclusive));
    assertEquals(first.key(), again.key());
    assertFalse(again.isNew());
    refused(
        FileError.EXISTS,
        () ->
            TestStore.get(
                store.store.create(
                    ROOT, top, TestStore.name("x"), file, new Existing.Exclusive(43))));
    set(ROOT, first.key(), AttributeChange.mode(0600));
    refused(
        FileError.EXISTS,
        () -> TestStore.get(store.store.create(ROOT, top, TestStore.name("x"), file, exclusive)));
  }

  @Test
  void uncheckedCreationUsesWhatIsThere() {
    FileKey file = make(ROOT, top, "a", 0644);
    store.write(file, 0, new byte[10_000]);
    Created used =
        TestStore.get(
            store.store.create(
                ROOT, top, TestStore.name("a"), NewFile.regular(size(0)), new Existing.Use()));
    assertEquals(file, used.key());
    assertEquals(0, used.attributes().size());
    refused(
        FileError.EXISTS,
        () ->
            TestStore.get(
                store.store.create(
                    ROOT,
                    FileKey.ROOT,
                    TestStore.name("top"),
                    NewFile.regular(AttributeChange.NONE),
                    new Existing.Use())));
  }

  @Test
  void aGuardedChangeNeedsTheLastChangeTime() {
    FileKey file = make(ROOT, top, "a", 0644);
    long changed = store.attributes(file).changed();
    TestStore.get(store.store.setAttributes(ROOT, file, AttributeChange.mode(0600), changed));
    refused(
        FileError.NOT_SYNCHRONIZED,
        () ->
            TestStore.get(
                store.store.setAttributes(ROOT, file, AttributeChange.mode(0644), changed)));
  }

  @Test
  void timesFollowPosix() {
    FileKey file = make(ROOT, top, "a", 0644);
    Attributes made = store.attributes(file);
    Attributes directory = store.attributes(top);
    store.write(file, 0, new byte[5]);
    Attributes written = store.attributes(file);
    assertTrue(written.modified() > made.modified() && written.changed() > made.changed());
    set(ROOT, file, AttributeChange.mode(0600));
    Attributes changed = store.attributes(file);
    assertEquals(written.modified(), changed.modified());
    assertTrue(changed.changed() > written.changed());
    rename(ROOT, top, "a", top, "b");
    assertTrue(store.attributes(top).modified() > directory.modified());
    assertTrue(store.attributes(file).changed() > changed.changed());
    AttributeChange.Time then = new AttributeChange.Time.Client(1_234_567_890_123_456_789L);
    set(ROOT, file, new AttributeChange(null, null, null, null, then, then));
    assertEquals(1_234_567_890_123_456_789L, store.attributes(file).modified());
    assertEquals(1_234_567_890_123_456_789L, store.attributes(file).accessed());
    store.read(file, 0, 5);
    assertTrue(store.attributes(file).accessed() > 1_234_567_890_123_456_789L);
  }

  @Test
  void symbolicLinksAreKept() {
    byte[] target = TestStore.name("../some/where");
    FileKey link =
        store
            .create(ROOT, top, "l", new NewFile(FileType.SYMLINK, AttributeChange.NONE, target, 0))
            .key();
    store = store.crash();
    assertArrayEquals(target, TestStore.get(store.store.readLink(link)));
    assertEquals(target.length, store.attributes(link).size());
    refused(FileError.INVALID, () -> TestStore.get(store.store.readLink(top)));
  }

  @Test
  void badNamesAreRefused() {
    refused(FileError.INVALID, () -> make(ROOT, top, "", 0644));
    refused(FileError.INVALID, () -> make(ROOT, top, "a/b", 0644));
    refused(FileError.INVALID, () -> make(ROOT, top, "a\0", 0644));
    refused(FileError.INVALID, () -> make(ROOT, top, "..", 0644));
    refused(FileError.NAME_TOO_LONG, () -> make(ROOT, top, "x".repeat(256), 0644));
    make(ROOT, top, "x".repeat(255), 0644);
    refused(FileError.READ_ONLY, () -> make(ROOT, FileKey.ROOT, ".snapshots", 0644));
    refused(FileError.READ_ONLY, () -> remove(ROOT, FileKey.ROOT, ".snapshots"));
  }

  @Test
  void filesEndAt62TiB() {
    FileKey file = make(ROOT, top, "big", 0644);
    store.truncate(file, Datastore.MAX_FILE_SIZE);
    store.write(file, Datastore.MAX_FILE_SIZE - 3, new byte[] {1, 2, 3});
    refused(
        FileError.FILE_TOO_LARGE,
        () -> store.write(file, Datastore.MAX_FILE_SIZE - 2, new byte[] {1, 2, 3}));
    refused(FileError.FILE_TOO_LARGE, () -> store.truncate(file, Datastore.MAX_FILE_SIZE + 1));
    assertArrayEquals(new byte[] {0, 1, 2, 3}, store.read(file, Datastore.MAX_FILE_SIZE - 4, 100));
    assertEquals(4096, store.attributes(file).used());
    store.truncate(file, 0);
    assertEquals(0, store.attributes(file).used());
  }

  @Test
  void outcomesOfTaggedRequestsSurviveCrashesAndCheckpoints() {
    RequestTag tag = new RequestTag(1, 2);
    RequestTag other = new RequestTag(3, 4);
    FileKey file =
        store.create(ROOT.with(tag), top, "a", NewFile.regular(AttributeChange.mode(0644))).key();
    store.store.checkpoint();
    remove(ROOT.with(other), top, "a");
    store = store.crash();
    assertEquals(new RequestOutcome(file.file()), store.store.outcome(tag).orElseThrow());
    assertEquals(new RequestOutcome(0), store.store.outcome(other).orElseThrow());
    assertTrue(store.store.outcome(new RequestTag(5, 6)).isEmpty());
  }
}
