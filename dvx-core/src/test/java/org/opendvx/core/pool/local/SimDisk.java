package org.opendvx.core.pool.local;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A drive in memory that keeps apart what was written and what is durable, and that can do
 * everything that real ones do wrong.
 */
final class SimDisk {
  private static final int BLOCK = 4096;

  private final Path root;
  private final Object fileSystem;
  private final TreeMap<String, Inode> names = new TreeMap<>();
  private final TreeMap<String, Inode> durableNames = new TreeMap<>();
  private final Set<String> directories = new HashSet<>(Set.of(""));
  private final List<NameChange> pendingNames = new ArrayList<>();
  private final Map<Inode, Integer> locks = new HashMap<>();
  private int life;
  private boolean vanished;
  private boolean full;
  private long bytesRead;
  private volatile Faults faults = (_, _) -> {};

  /** What a drive is asked to do. */
  enum Op {
    OPEN,
    READ,
    WRITE,
    FORCE,
    LIST,
    RENAME,
    DELETE,
    FORCE_DIRECTORY,
    LOOK
  }

  /** Called before every operation; throws to make it fail, waits to make it slow. */
  @FunctionalInterface
  interface Faults {
    void before(Op op, String name) throws IOException;
  }

  /** A failure of {@link Op#FORCE} that loses what was to be made durable. */
  static final class LostWrite extends IOException {
    private static final long serialVersionUID = 1L;

    LostWrite() {
      super("Input/output error");
    }
  }

  /** A failure of {@link Op#WRITE} after the first half of the bytes. */
  static final class TornWrite extends IOException {
    private static final long serialVersionUID = 1L;

    TornWrite() {
      super("Input/output error");
    }
  }

  private static final class Inode {
    private byte[] content = new byte[0];
    private byte[] durable = new byte[0];
    private final BitSet dirty = new BitSet();

    private void resize(int size) {
      if (content.length < size) {
        content = Arrays.copyOf(content, size);
      }
    }

    private void settle(int block, byte[] from) {
      int at = block * BLOCK;
      int end = Math.min(at + BLOCK, from.length);
      if (durable.length < end) {
        durable = Arrays.copyOf(durable, end);
      }
      if (at < end) {
        System.arraycopy(from, at, durable, at, end - at);
      }
    }
  }

  /** A name that a directory was given, and the one in the same directory that it takes away. */
  private record NameChange(String name, @Nullable Inode inode, @Nullable String renamedFrom) {
    private String directory() {
      return directoryOf(name);
    }
  }

  SimDisk(Path root, Object fileSystem) {
    this.root = root;
    this.fileSystem = fileSystem;
  }

  Path root() {
    return root;
  }

  /** The drive as a new process sees it. */
  synchronized DriveFolder mount() {
    return new Mount(life);
  }

  void setFaults(Faults next) {
    faults = next;
  }

  /** The folder is renamed away, or back: names are gone, open files go on. */
  synchronized void setVanished(boolean gone) {
    vanished = gone;
  }

  /** New blocks cannot be had. */
  synchronized void setFull(boolean now) {
    full = now;
  }

  synchronized long bytesRead() {
    return bytesRead;
  }

  /** The process is killed: what it wrote stays, what it does from now on does not happen. */
  synchronized void kill() {
    life++;
    locks.clear();
  }

  /** The power goes: of what was not made durable, any part may be there. */
  synchronized void losePower(Random random) {
    kill();
    Map<String, Integer> keep = new HashMap<>();
    for (NameChange change : pendingNames) {
      keep.computeIfAbsent(change.directory(), _ -> random.nextInt(pendingNames.size() + 1));
    }
    Map<String, Integer> seen = new HashMap<>();
    for (NameChange change : pendingNames) {
      if (seen.merge(change.directory(), 1, Integer::sum)
          <= keep.getOrDefault(change.directory(), 0)) {
        apply(durableNames, change);
      }
    }
    pendingNames.clear();
    names.clear();
    names.putAll(durableNames);
    for (Inode inode : names.values()) {
      for (int block = inode.dirty.nextSetBit(0);
          block >= 0;
          block = inode.dirty.nextSetBit(block + 1)) {
        if (random.nextBoolean()) {
          inode.settle(block, inode.content);
        }
      }
      inode.dirty.clear();
      inode.content = inode.durable.clone();
    }
  }

  /** Flips a bit of a file. */
  synchronized void flip(String name, int offset) throws IOException {
    Inode inode = inode(name);
    inode.content[offset] ^= 0x10;
    if (offset < inode.durable.length) {
      inode.durable[offset] ^= 0x10;
    }
  }

  /** Cuts a file, or fills what is behind a place with zeros. */
  synchronized void overwrite(String name, int from, byte value, int length) throws IOException {
    Inode inode = inode(name);
    int end = Math.min(inode.content.length, from + length);
    Arrays.fill(inode.content, Math.min(from, end), end, value);
    inode.durable = inode.content.clone();
  }

  synchronized int size(String name) throws IOException {
    return inode(name).content.length;
  }

  synchronized byte[] content(String name) throws IOException {
    return inode(name).content.clone();
  }

  /** Names that begin so. */
  synchronized List<String> names(String prefix) {
    return names.keySet().stream().filter(name -> name.startsWith(prefix)).toList();
  }

  synchronized void remove(String name) {
    names.remove(name);
    durableNames.remove(name);
  }

  /** Puts everything back as it was in a copy. */
  synchronized void restore(SimDisk copy) {
    names.clear();
    durableNames.clear();
    pendingNames.clear();
    directories.addAll(copy.directories);
    copy.names.forEach((name, inode) -> names.put(name, copyOf(inode)));
    durableNames.putAll(names);
    kill();
  }

  /** A copy of what is written now. */
  synchronized SimDisk copy() {
    SimDisk copy = new SimDisk(root, fileSystem);
    copy.directories.addAll(directories);
    names.forEach((name, inode) -> copy.names.put(name, copyOf(inode)));
    copy.durableNames.putAll(copy.names);
    return copy;
  }

  private static Inode copyOf(Inode inode) {
    Inode copy = new Inode();
    copy.content = inode.content.clone();
    copy.durable = inode.content.clone();
    return copy;
  }

  private Inode inode(String name) throws IOException {
    Inode inode = names.get(name);
    if (inode == null) {
      throw new NoSuchFileException(name);
    }
    return inode;
  }

  private void change(NameChange change) {
    apply(names, change);
    pendingNames.add(change);
  }

  private static void apply(Map<String, Inode> target, NameChange change) {
    if (change.renamedFrom() != null) {
      target.remove(change.renamedFrom());
    }
    if (change.inode() == null) {
      target.remove(change.name());
    } else {
      target.put(change.name(), change.inode());
    }
  }

  private static String directoryOf(String name) {
    int slash = name.lastIndexOf('/');
    return slash < 0 ? "" : name.substring(0, slash);
  }

  private void enter(int mountedIn, Op op, String name, boolean byName) throws IOException {
    faults.before(op, name);
    synchronized (this) {
      if (mountedIn != life) {
        throw new IOException("the process was killed");
      }
      if (byName && vanished) {
        throw new NoSuchFileException(root + "/" + name);
      }
    }
  }

  private final class Mount implements DriveFolder {
    private final int mountedIn;

    Mount(int mountedIn) {
      this.mountedIn = mountedIn;
    }

    @Override
    public Path root() {
      return root;
    }

    @Override
    public DriveFile open(String name, boolean create) throws IOException {
      enter(mountedIn, Op.OPEN, name, true);
      synchronized (SimDisk.this) {
        if (!create) {
          return new OpenFile(mountedIn, name, inode(name));
        }
        if (!directories.contains(directoryOf(name))) {
          throw new NoSuchFileException(name);
        }
        Inode inode = names.get(name);
        if (inode == null) {
          inode = new Inode();
          change(new NameChange(name, inode, null));
        } else {
          inode.content = new byte[0];
        }
        return new OpenFile(mountedIn, name, inode);
      }
    }

    @Override
    public void list(String directory, Consumer<String> visitor) throws IOException {
      enter(mountedIn, Op.LIST, directory, true);
      List<String> found = new ArrayList<>();
      synchronized (SimDisk.this) {
        if (!directories.contains(directory)) {
          throw new NoSuchFileException(directory);
        }
        for (String name : names.keySet()) {
          if (directoryOf(name).equals(directory)) {
            found.add(name.substring(name.lastIndexOf('/') + 1));
          }
        }
        for (String name : directories) {
          if (!name.isEmpty() && directoryOf(name).equals(directory)) {
            found.add(name.substring(name.lastIndexOf('/') + 1));
          }
        }
      }
      found.forEach(visitor);
    }

    @Override
    public void createDirectories(String directory) throws IOException {
      enter(mountedIn, Op.RENAME, directory, true);
      synchronized (SimDisk.this) {
        String at = directory;
        while (!at.isEmpty()) {
          directories.add(at);
          at = directoryOf(at);
        }
      }
    }

    @Override
    public void rename(String from, String to) throws IOException {
      enter(mountedIn, Op.RENAME, to, true);
      synchronized (SimDisk.this) {
        // One step: a crash leaves either both names changed or neither.
        change(new NameChange(to, inode(from), from));
      }
    }

    @Override
    public void delete(String name) throws IOException {
      enter(mountedIn, Op.DELETE, name, true);
      synchronized (SimDisk.this) {
        if (names.containsKey(name)) {
          change(new NameChange(name, null, null));
        }
      }
    }

    @Override
    public void forceDirectory(String directory) throws IOException {
      enter(mountedIn, Op.FORCE_DIRECTORY, directory, true);
      synchronized (SimDisk.this) {
        settleNames(directory);
      }
    }

    @Override
    public Object identity(String name) throws IOException {
      enter(mountedIn, Op.LOOK, name, true);
      synchronized (SimDisk.this) {
        return inode(name);
      }
    }

    @Override
    public @Nullable Closeable tryLock(String name) throws IOException {
      enter(mountedIn, Op.OPEN, name, true);
      synchronized (SimDisk.this) {
        Inode inode = names.get(name);
        if (inode == null) {
          inode = new Inode();
          change(new NameChange(name, inode, null));
          settleNames(directoryOf(name));
        }
        if (locks.containsKey(inode)) {
          return null;
        }
        Inode locked = inode;
        locks.put(locked, mountedIn);
        return () -> {
          synchronized (SimDisk.this) {
            if (mountedIn == life) {
              locks.remove(locked);
            }
          }
        };
      }
    }

    @Override
    public long freeBytes() throws IOException {
      enter(mountedIn, Op.LOOK, "", true);
      return 1L << 30;
    }

    @Override
    public Object fileSystem() throws IOException {
      enter(mountedIn, Op.LOOK, "", true);
      return fileSystem;
    }
  }

  private void settleNames(String directory) {
    List<NameChange> rest = new ArrayList<>();
    for (NameChange change : pendingNames) {
      if (change.directory().equals(directory)) {
        apply(durableNames, change);
      } else {
        rest.add(change);
      }
    }
    pendingNames.clear();
    pendingNames.addAll(rest);
  }

  private final class OpenFile implements DriveFile {
    private final int mountedIn;
    private final String name;
    private final Inode inode;

    OpenFile(int mountedIn, String name, Inode inode) {
      this.mountedIn = mountedIn;
      this.name = name;
      this.inode = inode;
    }

    @Override
    public int read(ByteBuffer target, long position) throws IOException {
      enter(mountedIn, Op.READ, name, false);
      synchronized (SimDisk.this) {
        int at = (int) Math.min(position, inode.content.length);
        int length = Math.min(target.remaining(), inode.content.length - at);
        target.put(inode.content, at, length);
        bytesRead += length;
        return length;
      }
    }

    @Override
    public void write(ByteBuffer source, long position) throws IOException {
      boolean torn = false;
      try {
        enter(mountedIn, Op.WRITE, name, false);
      } catch (TornWrite e) {
        torn = true;
      }
      synchronized (SimDisk.this) {
        int length = torn ? source.remaining() / 2 : source.remaining();
        int end = Math.toIntExact(position) + length;
        if (full && end > inode.content.length) {
          throw new IOException("No space left on device");
        }
        inode.resize(end);
        source.get(inode.content, (int) position, length);
        inode.dirty.set((int) position / BLOCK, (end + BLOCK - 1) / BLOCK);
      }
      if (torn) {
        throw new TornWrite();
      }
    }

    @Override
    public void force(boolean metadata) throws IOException {
      try {
        enter(mountedIn, Op.FORCE, name, false);
      } catch (LostWrite e) {
        synchronized (SimDisk.this) {
          // The kernel drops what it could not write, and says so once.
          inode.dirty.clear();
        }
        throw e;
      }
      synchronized (SimDisk.this) {
        inode.durable = Arrays.copyOf(inode.durable, inode.content.length);
        for (int block = inode.dirty.nextSetBit(0);
            block >= 0;
            block = inode.dirty.nextSetBit(block + 1)) {
          inode.settle(block, inode.content);
        }
        inode.dirty.clear();
      }
    }

    @Override
    public long size() throws IOException {
      enter(mountedIn, Op.LOOK, name, false);
      synchronized (SimDisk.this) {
        return inode.content.length;
      }
    }

    @Override
    public void close() {
      // Nothing is held.
    }
  }
}
