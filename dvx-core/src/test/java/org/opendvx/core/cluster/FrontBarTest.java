package org.opendvx.core.cluster;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.opendvx.core.cluster.FrontBar.Place;
import org.opendvx.core.datastore.AttributeChange;
import org.opendvx.core.datastore.Caller;
import org.opendvx.core.datastore.Datastore.Existing;
import org.opendvx.core.datastore.Datastore.NewFile;
import org.opendvx.core.datastore.FileError;
import org.opendvx.core.datastore.FileException;
import org.opendvx.core.datastore.FileKey;

/** Which changes are refused after a host was declared dead. */
final class FrontBarTest {
  private static final FileKey OWN = FileKey.live(20);
  private static final FileKey SHARED = FileKey.live(21);
  private static final FileKey DISK = FileKey.live(30);
  private static final FileKey IMAGE = FileKey.live(31);
  private static final FileKey HERE = FileKey.live(32);

  private static byte[] bytes(String name) {
    return Cluster.bytes(name);
  }

  private static FileOp<?> write(FileKey file) {
    return new ContentOp.Write(Caller.SYSTEM, file, 0, ByteBuffer.allocate(1), true);
  }

  private static FileOp<?> remove(FileKey directory, String name) {
    return new NameOp.Remove(Caller.SYSTEM, directory, bytes(name), false);
  }

  private static FileOp<?> rename(FileKey from, String name, FileKey to, String other) {
    return new NameOp.Rename(Caller.SYSTEM, from, bytes(name), to, bytes(other));
  }

  private static FileOp<?> create(FileKey directory, String name) {
    return new NameOp.Create(
        Caller.SYSTEM,
        directory,
        bytes(name),
        NewFile.regular(AttributeChange.mode(0600)),
        new Existing.Use());
  }

  private static void refused(FrontBar bar, FileOp<?> op) {
    assertEquals(
        FileError.BUSY,
        assertThrows(FileException.class, () -> bar.check(op)).error(),
        () -> "" + op);
  }

  private static void allowed(FrontBar bar, FileOp<?> op) {
    assertDoesNotThrow(() -> bar.check(op), () -> "" + op);
  }

  private static FrontBar narrowed() {
    FrontBar bar = new FrontBar();
    bar.close();
    bar.narrow(
        List.of(
            new Place(DISK, OWN, "disk", true),
            new Place(OWN, SHARED, "machine", false),
            new Place(IMAGE, SHARED, "image", false)),
        bar.closings());
    return bar;
  }

  @Test
  void namesBesideAMachineThatRunsElsewhereAreNotChanged() {
    FrontBar bar = narrowed();
    refused(bar, write(DISK));
    refused(bar, remove(OWN, "disk"));
    refused(bar, remove(OWN, "any.lck"));
    refused(bar, create(OWN, "new"));
    refused(bar, rename(SHARED, "other", OWN, "moved"));
    refused(bar, rename(OWN, "disk", SHARED, "moved"));
    refused(bar, rename(SHARED, "machine", SHARED, "moved"));
    refused(bar, new NameOp.Link(Caller.SYSTEM, HERE, OWN, bytes("link")));
    refused(bar, new NameOp.Link(Caller.SYSTEM, DISK, SHARED, bytes("link")));
    allowed(bar, new NameOp.Lookup(Caller.SYSTEM, OWN, bytes("disk")));
  }

  @Test
  void inASharedDirectoryOnlyItsOwnNamesAreNotChanged() {
    FrontBar bar = narrowed();
    refused(bar, write(IMAGE));
    refused(bar, remove(SHARED, "image"));
    refused(bar, create(SHARED, "image"));
    refused(bar, rename(SHARED, "other", SHARED, "image"));
    allowed(bar, create(SHARED, "here.lck"));
    allowed(bar, remove(SHARED, "here.lck"));
    allowed(bar, write(HERE));
  }

  @Test
  void aMachineThatComesHereFreesItsDirectory() {
    FrontBar bar = narrowed();
    bar.confirm(List.of(DISK.file()), bar.closings());
    allowed(bar, write(DISK));
    allowed(bar, remove(OWN, "any.lck"));
    allowed(bar, rename(SHARED, "machine", SHARED, "moved"));
    refused(bar, write(IMAGE));
    bar.close();
    assertTrue(bar.closed());
    refused(bar, write(DISK));
    refused(bar, create(SHARED, "here.lck"));
  }

  @Test
  void whatWasAskedBeforeItWasClosedAgainDoesNotCount() {
    FrontBar bar = new FrontBar();
    bar.close();
    long asOf = bar.closings();
    bar.close();
    bar.narrow(List.of(), asOf);
    assertTrue(bar.closed());
    bar.confirm(List.of(DISK.file()), asOf);
    refused(bar, write(DISK));
    bar.confirm(List.of(DISK.file()), bar.closings());
    bar.narrow(List.of(new Place(DISK, OWN, "disk", true)), bar.closings());
    allowed(bar, write(DISK));
    allowed(bar, remove(OWN, "any.lck"));
  }
}
