package org.opendvx.core.datastore;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.opendvx.core.datastore.Change.SnapshotHead;
import org.opendvx.core.datastore.Change.SnapshotNode;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.tree.Blob;
import org.opendvx.core.tree.RootRef;

/** The binary formats of this package: what goes in comes out, and bad bytes are refused. */
class CodecsTest {
  private static final InodeImage IMAGE =
      new InodeImage(
          FileType.REGULAR, 0644, 1, 2, 3, 4, 5, 6, 7, 8, 9L, 0, Links.of(1, 99), new byte[0]);
  private static final InodeImage LINK =
      InodeImage.fresh(FileType.SYMLINK, 0777, 0, 0, 0, 55)
          .withSymlink(TestStore.name("target"))
          .withLinks(Links.of(1, 16).plus(7, 32).minus(1, 16));

  private static List<Change> everything() {
    SnapshotHead head = new SnapshotHead(3, "näme", 77, Map.of("k", "v", "x", ""), 2, 1 << 20);
    List<Change> changes = new ArrayList<>();
    changes.add(new Change.InodeMake(16, IMAGE));
    changes.add(new Change.InodePut(17, LINK));
    changes.add(new Change.InodeDrop(18));
    changes.add(
        new Change.EntryPut(
            1, new DirectoryEntry(4711, TestStore.name("x".repeat(255)), 16, FileType.FIFO)));
    changes.add(new Change.EntryRemove(1, 4711));
    changes.add(new Change.BlocksMapped(16, 5, new long[] {1, 0, -1}, 9000, 12));
    changes.add(new Change.BlocksShared(17, 6, new long[] {2, 0, -2}, 9001, 13));
    changes.add(new Change.Truncated(16, 4096, 13));
    changes.add(new Change.ContentShared(16, new FileKey(3, 17)));
    changes.add(
        new Change.SnapshotPut(
            head,
            new byte[] {1, 2, 3},
            List.of(
                new SnapshotNode(1, 0, new byte[0], false, LINK),
                new SnapshotNode(16, 1, TestStore.name("f"), true, IMAGE))));
    changes.add(new Change.SnapshotAmend(3, Map.of("a", "b"), new byte[] {9}));
    changes.add(new Change.SnapshotDrop(3));
    changes.add(new Change.RequestDone(new RequestTag(1, 2), 16, 14));
    return changes;
  }

  private static byte[] encode(List<Change> changes) {
    ByteBuffer out = ByteBuffer.allocate(ChangeCodec.length(changes));
    ChangeCodec.encode(out, changes);
    assertEquals(0, out.remaining(), "the announced length is exact");
    return out.array();
  }

  @Test
  void changesComeBackAsTheyWere() {
    byte[] bytes = encode(everything());
    ByteBuffer in = ByteBuffer.wrap(bytes);
    List<Change> decoded = ChangeCodec.decode(in);
    assertEquals(0, in.remaining());
    assertEquals(everything().size(), decoded.size());
    assertArrayEquals(bytes, encode(decoded));
  }

  @Test
  void truncatedAndAlteredChangesAreRefusedOrDecodedButNeverBreakAnything() {
    byte[] good = encode(everything());
    for (int length = 0; length < good.length; length++) {
      ByteBuffer in = ByteBuffer.wrap(good, 0, length).slice();
      assertThrows(DvxException.class, () -> ChangeCodec.decode(in), "length " + length);
    }
    Random random = new Random(5);
    for (int round = 0; round < 50_000; round++) {
      byte[] bad = good.clone();
      for (int i = random.nextInt(4); i >= 0; i--) {
        bad[random.nextInt(bad.length)] = (byte) random.nextInt(256);
      }
      try {
        List<Change> _ = ChangeCodec.decode(ByteBuffer.wrap(bad));
      } catch (DvxException _) {
        // Refused, as it should be.
      }
    }
  }

  @Test
  void storedInodesComeBackAsTheyWere() {
    RootRef root = new RootRef(0x123456, 7, 100);
    InodeCodec.Stored stored = InodeCodec.decodeStored(InodeCodec.encodeStored(LINK, root));
    assertEquals(root, stored.content());
    assertArrayEquals(LINK.symlink(), stored.image().symlink());
    assertEquals(LINK.links(), stored.image().links());
    InodeImage image = InodeCodec.decodeStored(InodeCodec.encodeStored(IMAGE, root)).image();
    assertEquals(IMAGE.verifier(), image.verifier());
    assertEquals(IMAGE.changed(), image.changed());
    assertEquals(IMAGE.epoch(), image.epoch());
  }

  @Test
  void anInodeWithTheMostLinksFitsARecord() {
    long[] pairs = new long[2 * Links.MAX];
    InodeImage image = LINK.withLinks(Links.ofPairs(pairs));
    int length = InodeCodec.encodeStored(image.withSymlink(new byte[4096]), RootRef.EMPTY).length;
    assertEquals(true, length <= org.opendvx.core.tree.RecordTree.MAX_RECORD, "length " + length);
  }

  @Test
  void rootRecordsComeBackAndDamageIsNoticed() {
    RootRecord root =
        new RootRecord(
            5,
            77,
            70,
            new RootRef(1, 2, 3),
            new RootRef(4, 5, 6),
            new RootRef(7, 8, 9),
            new Blob(10, 11),
            new RootRecord.Totals(1, 2, 3));
    byte[] bytes = root.encode();
    assertEquals(root, RootRecord.decode(bytes));
    for (int i = 0; i < bytes.length; i++) {
      byte[] bad = bytes.clone();
      bad[i] ^= 4;
      assertThrows(DvxException.class, () -> RootRecord.decode(bad), "byte " + i);
    }
    bytes[5] = 2;
    DvxException newer = assertThrows(DvxException.class, () -> RootRecord.decode(bytes));
    assertEquals(Kind.UNSUPPORTED, newer.kind());
  }

  @Test
  void bucketsKeepTheirNamesAndOrdinals() {
    DirectoryEntry a =
        new DirectoryEntry(DirectoryEntry.cookie(5, 0), TestStore.name("a"), 1, FileType.SYMLINK);
    DirectoryEntry b =
        new DirectoryEntry(DirectoryEntry.cookie(5, 3), TestStore.name("b"), 2, FileType.REGULAR);
    List<DirectoryEntry> entries = EntryBucket.with(EntryBucket.with(List.of(), b), a);
    List<DirectoryEntry> decoded = EntryBucket.decode(5, EntryBucket.encode(entries));
    assertEquals(List.of(a.cookie(), b.cookie()), decoded.stream().map(e -> e.cookie()).toList());
    DirectoryEntry found = EntryBucket.find(decoded, TestStore.name("b"));
    assertEquals(2, found == null ? 0 : found.file());
    assertEquals(1, EntryBucket.freeOrdinal(decoded));
    assertEquals(1, EntryBucket.without(decoded, a.cookie()).size());
  }

  /** From appendix A of the paper that defines SipHash. */
  @Test
  void sipHashGivesThePublishedValue() {
    byte[] key = new byte[16];
    byte[] message = new byte[15];
    for (int i = 0; i < key.length; i++) {
      key[i] = (byte) i;
    }
    for (int i = 0; i < message.length; i++) {
      message[i] = (byte) i;
    }
    assertEquals(0xa129ca6149be45e5L, new NameHash(key).hash(message));
  }

  @Test
  void bucketsAreNeverZeroAndCookiesNeverNegative() {
    NameHash hash = new NameHash(new byte[16]);
    Random random = new Random(6);
    for (int i = 0; i < 100_000; i++) {
      byte[] name = new byte[1 + random.nextInt(30)];
      random.nextBytes(name);
      long cookie = DirectoryEntry.cookie(hash.bucket(name), DirectoryEntry.MAX_ORDINAL);
      assertEquals(true, cookie >= DirectoryEntry.FIRST_COOKIE);
    }
  }
}
