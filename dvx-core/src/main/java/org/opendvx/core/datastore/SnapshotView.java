package org.opendvx.core.datastore;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;
import org.opendvx.core.datastore.Change.SnapshotHead;
import org.opendvx.core.datastore.Datastore.Entry;
import org.opendvx.core.datastore.Datastore.Found;
import org.opendvx.core.datastore.Datastore.Listing;
import org.opendvx.core.datastore.Datastore.ReadResult;
import org.opendvx.core.datastore.SnapshotContents.Frozen;

/**
 * The read-only tree below {@code /.snapshots}: one directory for each snapshot, in it the members
 * at their paths. Permissions are those of the frozen files and directories. Thread-safe; calls may
 * say {@link NotYet}.
 */
final class SnapshotView {
  private static final long DOT = 1;
  private static final long DOT_DOT = 2;

  /** Cookies of entries: position or snapshot id, behind those of the synthetic ones. */
  private static final long FIRST_COOKIE = 16;

  private static final int TOP_MODE = 0555;

  /** Ids that clients see of frozen files: never those of live ones. */
  private static final long FROZEN_ID_BIT = 1L << 62;

  private static final long MIX = 0x9e3779b97f4a7c15L;
  private static final byte[] DOT_NAME = Bytes.utf8(".");
  private static final byte[] DOT_DOT_NAME = Bytes.utf8("..");

  private final SnapshotCatalogue snapshots;
  private final Files files;
  private final ChunkReader reader;
  private final AtomicLong changed;

  /**
   * A view.
   *
   * @param opened time that the top directory shows until a snapshot comes or goes
   */
  SnapshotView(SnapshotCatalogue snapshots, Files files, ChunkReader reader, long opened) {
    this.snapshots = snapshots;
    this.files = files;
    this.reader = reader;
    this.changed = new AtomicLong(opened);
  }

  /** Notes that a snapshot came or went. */
  void changed(long now) {
    changed.set(now);
  }

  /** Attributes of {@code /.snapshots}. */
  Attributes top() {
    long time = changed.get();
    int links = (int) Math.min(Integer.MAX_VALUE, 2 + snapshots.count());
    return new Attributes(
        FileKey.SNAPSHOTS_DIRECTORY,
        FileType.DIRECTORY,
        TOP_MODE,
        links,
        0,
        0,
        InodeImage.DIRECTORY_SIZE,
        InodeImage.DIRECTORY_SIZE,
        0,
        time,
        time,
        time);
  }

  static boolean covers(FileKey key) {
    return key.frozen() || key.file() == FileKey.SNAPSHOTS_DIRECTORY;
  }

  private static boolean isTop(FileKey key) {
    return key.equals(FileKey.SNAPSHOTS);
  }

  private SnapshotContents contents(FileKey key) {
    SnapshotContents contents = snapshots.contents(key.snapshot());
    if (contents == null) {
      throw new FileException(FileError.STALE, "there is no such snapshot any more");
    }
    return contents;
  }

  private Frozen frozen(FileKey key) {
    Frozen frozen = contents(key).find(key.file());
    if (frozen == null) {
      throw new FileException(FileError.STALE, "there is no such file in the snapshot");
    }
    return frozen;
  }

  Attributes attributes(FileKey key) {
    if (isTop(key)) {
      return top();
    }
    if (key.file() == FileKey.ROOT_FILE) {
      SnapshotHead head = snapshots.head(key.snapshot());
      if (head == null) {
        throw new FileException(FileError.STALE, "there is no such snapshot any more");
      }
      return headAttributes(head);
    }
    return attributes(key.snapshot(), frozen(key));
  }

  static Attributes attributes(long snapshot, Frozen frozen) {
    InodeImage image = frozen.node.image();
    if (image.directory()) {
      int below = 0;
      for (Frozen child : frozen.children()) {
        below += child.node.image().directory() ? 1 : 0;
      }
      image = image.withSubdirectories(below);
    } else {
      image = image.withLinks(Links.of(frozen.node.parent(), 0));
    }
    return image.attributes(visibleId(snapshot, frozen.node.file()), frozen.blocks.count(), 0);
  }

  private static long visibleId(long snapshot, long file) {
    long mixed = (snapshot * MIX) ^ Long.rotateLeft(file * MIX, 29);
    return (mixed >>> 2) | FROZEN_ID_BIT;
  }

  byte[] readLink(FileKey key) {
    InodeImage image = isTop(key) ? null : frozen(key).node.image();
    if (image == null || image.type() != FileType.SYMLINK) {
      throw new FileException(FileError.INVALID, "not a symbolic link");
    }
    return image.symlink();
  }

  int access(Caller caller, FileKey key, int wanted) {
    int readOnly =
        wanted & (Datastore.Access.READ | Datastore.Access.LOOKUP | Datastore.Access.EXECUTE);
    if (isTop(key)) {
      return readOnly & ~Datastore.Access.EXECUTE;
    }
    return Permissions.granted(caller, frozen(key).node.image(), readOnly);
  }

  CompletableFuture<ReadResult> read(Caller caller, FileKey key, long offset, ByteBuffer target) {
    ReadPath.requireOffset(offset);
    if (isTop(key)) {
      throw new FileException(FileError.IS_DIRECTORY, "a directory");
    }
    Frozen frozen = frozen(key);
    InodeImage image = frozen.node.image();
    Files.requireRegular(image);
    Permissions.requireRead(caller, image);
    int wanted = Math.min(target.remaining(), Datastore.MAX_IO);
    int length = Math.clamp(image.size() - offset, 0, wanted);
    ReadResult result =
        new ReadResult(length, offset + length >= image.size(), attributes(key.snapshot(), frozen));
    if (length == 0) {
      return CompletableFuture.completedFuture(result);
    }
    long first = Blocks.of(offset);
    int count = (int) (Blocks.of(offset + length - 1) - first) + 1;
    long[] addresses = new long[count];
    frozen.blocks.getRange(first, count, addresses, 0);
    return reader.fill(addresses, offset, length, target, result);
  }

  Found lookup(Caller caller, FileKey key, byte[] name) {
    Names.check(name);
    Attributes directory = attributes(key);
    if (directory.type() != FileType.DIRECTORY) {
      throw new FileException(FileError.NOT_DIRECTORY, "not a directory");
    }
    if (Names.isDot(name)) {
      return new Found(key, directory, directory);
    }
    if (!isTop(key)) {
      Permissions.require(caller, frozen(key).node.image(), Permissions.EXECUTE);
    }
    if (Names.isDotDot(name)) {
      FileKey above = parent(key);
      return new Found(above, anyAttributes(above), directory);
    }
    FileKey child = isTop(key) ? snapshot(name) : child(key, name);
    return new Found(child, attributes(child), directory);
  }

  private FileKey snapshot(byte[] name) {
    String text = new String(name, java.nio.charset.StandardCharsets.UTF_8);
    long id = snapshots.find(text);
    if (id == 0) {
      throw new FileException(FileError.NOT_FOUND, "no such snapshot");
    }
    return new FileKey(id, FileKey.ROOT_FILE);
  }

  private FileKey child(FileKey key, byte[] name) {
    for (Frozen child : frozen(key).children()) {
      if (Arrays.equals(child.node.name(), name)) {
        return new FileKey(key.snapshot(), child.node.file());
      }
    }
    throw new FileException(FileError.NOT_FOUND, "no such name");
  }

  private FileKey parent(FileKey key) {
    if (isTop(key)) {
      return FileKey.ROOT;
    }
    return key.file() == FileKey.ROOT_FILE
        ? FileKey.SNAPSHOTS
        : new FileKey(key.snapshot(), frozen(key).node.parent());
  }

  private Attributes anyAttributes(FileKey key) {
    return covers(key) ? attributes(key) : files.live(key).attributes();
  }

  Listing list(Caller caller, FileKey key, long cookie, int limit) {
    Attributes directory = attributes(key);
    if (directory.type() != FileType.DIRECTORY) {
      throw new FileException(FileError.NOT_DIRECTORY, "not a directory");
    }
    if (!isTop(key)) {
      Permissions.require(caller, frozen(key).node.image(), Permissions.READ);
    }
    if (cookie < 0) {
      throw new FileException(FileError.BAD_COOKIE, "no entry has a negative cookie");
    }
    List<Entry> page = new ArrayList<>();
    if (cookie < DOT) {
      page.add(new Entry(DOT_NAME, key, DOT, directory));
    }
    if (cookie < DOT_DOT && page.size() < limit) {
      FileKey above = parent(key);
      page.add(new Entry(DOT_DOT_NAME, above, DOT_DOT, anyAttributes(above)));
    }
    boolean end =
        isTop(key) ? addSnapshots(cookie, limit, page) : addChildren(key, cookie, limit, page);
    return new Listing(page, end, directory);
  }

  private boolean addSnapshots(long cookie, int limit, List<Entry> page) {
    int room = limit - page.size();
    long after = Math.max(0, cookie - FIRST_COOKIE);
    List<SnapshotHead> heads = snapshots.list(after, room + 1);
    for (SnapshotHead head : heads.subList(0, Math.min(room, heads.size()))) {
      FileKey key = new FileKey(head.id(), FileKey.ROOT_FILE);
      page.add(
          new Entry(Bytes.utf8(head.name()), key, FIRST_COOKIE + head.id(), headAttributes(head)));
    }
    return heads.size() <= room;
  }

  /** Attributes of a snapshot's top directory from its head alone, so that listing is cheap. */
  private static Attributes headAttributes(SnapshotHead head) {
    return new Attributes(
        visibleId(head.id(), FileKey.ROOT_FILE),
        FileType.DIRECTORY,
        TOP_MODE,
        2,
        0,
        0,
        InodeImage.DIRECTORY_SIZE,
        InodeImage.DIRECTORY_SIZE,
        0,
        head.created(),
        head.created(),
        head.created());
  }

  private boolean addChildren(FileKey key, long cookie, int limit, List<Entry> page) {
    List<Frozen> children = frozen(key).children();
    int index = Math.clamp(cookie - FIRST_COOKIE + 1, 0, children.size());
    while (index < children.size() && page.size() < limit) {
      Frozen child = children.get(index);
      page.add(
          new Entry(
              child.node.name(),
              new FileKey(key.snapshot(), child.node.file()),
              FIRST_COOKIE + index,
              attributes(key.snapshot(), child)));
      index++;
    }
    return index == children.size();
  }
}
