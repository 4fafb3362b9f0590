package org.opendvx.core.testing;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.datastore.AttributeChange;
import org.opendvx.core.datastore.Attributes;
import org.opendvx.core.datastore.Caller;
import org.opendvx.core.datastore.Datastore;
import org.opendvx.core.datastore.FileError;
import org.opendvx.core.datastore.FileException;
import org.opendvx.core.datastore.FileKey;
import org.opendvx.core.datastore.FileType;
import org.opendvx.core.datastore.RequestTag;
import org.opendvx.core.datastore.Snapshots;

/**
 * A datastore that forgets: POSIX semantics in memory, every future complete when its call returns.
 * For tests of front ends and adapters. One lock over everything.
 */
public final class InMemoryDatastore implements Datastore {
  private static final int MAX_LINKS = 65_000;
  private static final int MAX_OUTCOMES = 100_000;

  private final ReentrantReadWriteLock lock = new ReentrantReadWriteLock();
  private final Map<Long, InMemoryNode> nodes = new HashMap<>();
  private final Map<RequestTag, RequestOutcome> outcomes = new LinkedHashMap<>();
  private final InMemorySnapshots snapshots = new InMemorySnapshots(this);
  private final AtomicLong clock = new AtomicLong();
  private final long capacity;
  private long nextFile = 100;
  private long used;
  private final AtomicLong verifier = new AtomicLong(System.nanoTime());
  private volatile boolean congested;

  /** With room for 1 TiB. */
  public InMemoryDatastore() {
    this(1L << 40);
  }

  /**
   * An empty datastore.
   *
   * @param capacity bytes of file content that it pretends to have room for
   */
  public InMemoryDatastore(long capacity) {
    this.capacity = capacity;
    InMemoryNode root = new InMemoryNode(FileKey.ROOT_FILE, FileType.DIRECTORY, 0755, 0, 0, now());
    root.parent = root.id;
    nodes.put(root.id, root);
  }

  /** What {@link #congested} says from now on. */
  public void setCongested(boolean value) {
    congested = value;
  }

  /** Behaves towards clients as if unstable writes had been lost. */
  public void changeWriteVerifier() {
    verifier.incrementAndGet();
  }

  @Override
  public long writeVerifier() {
    return verifier.get();
  }

  @Override
  public boolean congested() {
    return congested;
  }

  @Override
  public CompletableFuture<Attributes> attributes(FileKey file) {
    return reading(() -> node(file).attributes());
  }

  @Override
  public CompletableFuture<Changed> setAttributes(
      Caller caller, FileKey file, AttributeChange change, @Nullable Long guard) {
    return changing(
        caller,
        () -> {
          InMemoryNode node = writable(file);
          if (guard != null && guard != node.changed) {
            throw new FileException(FileError.NOT_SYNCHRONIZED, "changed since");
          }
          PosixRules.requireChange(caller, node, change);
          Attributes before = node.attributes();
          apply(caller, node, change);
          return new Changed(before, node.attributes());
        });
  }

  @Override
  public CompletableFuture<Found> lookup(Caller caller, FileKey directory, byte[] name) {
    return reading(
        () -> {
          InMemoryNode parent = directory(directory);
          EntryNames.checkLength(name);
          PosixRules.require(caller, parent, PosixRules.EXECUTE);
          FileKey key = find(directory, parent, name);
          return new Found(key, node(key).attributes(), parent.attributes());
        });
  }

  private FileKey find(FileKey directory, InMemoryNode parent, byte[] name) {
    String text = EntryNames.text(name);
    if (text.equals(".")) {
      return directory;
    }
    if (directory.frozen() || directory.equals(FileKey.SNAPSHOTS)) {
      return snapshots.find(directory, parent, name);
    }
    if (text.equals("..")) {
      return FileKey.live(parent.parent);
    }
    if (text.equals(".snapshots") && parent.id == FileKey.ROOT_FILE) {
      return FileKey.SNAPSHOTS;
    }
    Long id = parent.find(name);
    if (id == null) {
      throw new FileException(FileError.NOT_FOUND, text);
    }
    return FileKey.live(id);
  }

  @Override
  public CompletableFuture<byte[]> readLink(FileKey link) {
    return reading(
        () -> {
          InMemoryNode node = node(link);
          if (node.type != FileType.SYMLINK) {
            throw new FileException(FileError.INVALID, "not a symbolic link");
          }
          return node.target.clone();
        });
  }

  @Override
  public CompletableFuture<Integer> access(Caller caller, FileKey file, int wanted) {
    return reading(
        () -> {
          int granted = PosixRules.access(caller, node(file), wanted);
          int changes = Access.MODIFY | Access.EXTEND | Access.DELETE;
          return file.frozen() ? granted & ~changes : granted;
        });
  }

  @Override
  public CompletableFuture<ReadResult> read(
      Caller caller, FileKey file, long offset, ByteBuffer target) {
    Lock read = lock.readLock();
    read.lock();
    try {
      InMemoryNode node = regular(file);
      PosixRules.requireData(caller, node, PosixRules.READ);
      int count = node.content.read(offset, target);
      boolean end = offset + count >= node.content.size();
      return CompletableFuture.completedFuture(new ReadResult(count, end, node.attributes()));
    } catch (FileException e) {
      return CompletableFuture.failedFuture(e);
    } finally {
      read.unlock();
    }
  }

  @Override
  public CompletableFuture<Changed> write(
      Caller caller, FileKey file, long offset, ByteBuffer source, boolean stable) {
    Lock write = lock.writeLock();
    write.lock();
    try {
      InMemoryNode node = regular(file);
      requireLive(file);
      PosixRules.requireData(caller, node, PosixRules.WRITE);
      if (offset < 0 || offset > MAX_FILE_SIZE - source.remaining()) {
        throw new FileException(FileError.FILE_TOO_LARGE, "beyond the largest file");
      }
      if (used + source.remaining() > capacity) {
        throw new FileException(FileError.NO_SPACE, "full");
      }
      Attributes before = node.attributes();
      long had = node.content.used();
      node.content.write(offset, source);
      used += node.content.used() - had;
      node.mode = PosixRules.withoutSetIds(caller, node);
      node.touch(now());
      return CompletableFuture.completedFuture(new Changed(before, node.attributes()));
    } catch (FileException e) {
      return CompletableFuture.failedFuture(e);
    } finally {
      write.unlock();
    }
  }

  @Override
  public CompletableFuture<Changed> commit(FileKey file) {
    return reading(
        () -> {
          requireLive(file);
          Attributes attributes = regular(file).attributes();
          return new Changed(attributes, attributes);
        });
  }

  @Override
  public CompletableFuture<Created> create(
      Caller caller, FileKey directory, byte[] name, NewFile file, Existing existing) {
    Lock write = lock.writeLock();
    write.lock();
    try {
      Created created = new InMemoryCreation(this, caller).create(directory, name, file, existing);
      remember(caller, created.key().file());
      return CompletableFuture.completedFuture(created);
    } catch (FileException e) {
      return CompletableFuture.failedFuture(e);
    } finally {
      write.unlock();
    }
  }

  @Override
  public CompletableFuture<Changed> remove(Caller caller, FileKey directory, byte[] name) {
    return changing(
        caller,
        () -> {
          InMemoryNode parent = writableDirectory(directory);
          EntryNames.check(name, FileError.INVALID);
          InMemoryNode file = child(parent, name);
          PosixRules.requireUnlink(caller, parent, file);
          if (file.isDirectory()) {
            throw new FileException(FileError.IS_DIRECTORY, EntryNames.text(name));
          }
          Attributes before = parent.attributes();
          parent.drop(name);
          parent.touch(now());
          unlink(file);
          return new Changed(before, parent.attributes());
        });
  }

  @Override
  public CompletableFuture<Changed> removeDirectory(Caller caller, FileKey directory, byte[] name) {
    return changing(
        caller,
        () -> {
          InMemoryNode parent = writableDirectory(directory);
          EntryNames.check(name, FileError.INVALID);
          InMemoryNode file = child(parent, name);
          PosixRules.requireUnlink(caller, parent, file);
          if (!file.isDirectory()) {
            throw new FileException(FileError.NOT_DIRECTORY, EntryNames.text(name));
          }
          if (!file.isEmpty()) {
            throw new FileException(FileError.NOT_EMPTY, EntryNames.text(name));
          }
          Attributes before = parent.attributes();
          parent.drop(name);
          parent.links--;
          parent.touch(now());
          nodes.remove(file.id);
          return new Changed(before, parent.attributes());
        });
  }

  @Override
  public CompletableFuture<Renamed> rename(
      Caller caller, FileKey fromDirectory, byte[] from, FileKey toDirectory, byte[] to) {
    return changing(
        caller,
        () -> new InMemoryRename(this, caller).rename(fromDirectory, from, toDirectory, to));
  }

  @Override
  public CompletableFuture<Linked> link(
      Caller caller, FileKey file, FileKey directory, byte[] name) {
    return changing(
        caller,
        () -> {
          InMemoryNode node = writable(file);
          InMemoryNode parent = writableDirectory(directory);
          EntryNames.check(name, FileError.EXISTS);
          PosixRules.require(caller, parent, PosixRules.WRITE | PosixRules.EXECUTE);
          if (node.isDirectory()) {
            throw new FileException(FileError.NOT_PERMITTED, "a directory has one name");
          }
          if (parent.find(name) != null) {
            throw new FileException(FileError.EXISTS, EntryNames.text(name));
          }
          if (node.links >= MAX_LINKS) {
            throw new FileException(FileError.TOO_MANY_LINKS, EntryNames.text(name));
          }
          Attributes before = parent.attributes();
          parent.put(name, node.id);
          node.links++;
          long now = now();
          parent.touch(now);
          node.changed = now;
          return new Linked(node.attributes(), new Changed(before, parent.attributes()));
        });
  }

  @Override
  public CompletableFuture<Listing> list(Caller caller, FileKey directory, long cookie, int limit) {
    return reading(
        () -> {
          InMemoryNode parent = directory(directory);
          PosixRules.require(caller, parent, PosixRules.READ);
          List<Entry> entries = new ArrayList<>();
          if (cookie < 1) {
            entries.add(entry(".", directory, 1));
          }
          if (cookie < 2 && entries.size() < limit) {
            entries.add(entry("..", find(directory, parent, EntryNames.utf8("..")), 2));
          }
          boolean synthetic = directory.frozen() || directory.equals(FileKey.SNAPSHOTS);
          boolean end =
              synthetic
                  ? snapshots.list(directory, parent, Math.max(cookie, 2), limit, entries)
                  : listNames(parent, Math.max(cookie, 2), limit, entries);
          return new Listing(entries, end, parent.attributes());
        });
  }

  private boolean listNames(InMemoryNode parent, long after, int limit, List<Entry> entries) {
    for (Map.Entry<Long, InMemoryNode.Name> each :
        parent.names().tailMap(after, false).entrySet()) {
      if (entries.size() == limit) {
        return false;
      }
      FileKey key = FileKey.live(each.getValue().file());
      byte[] name = each.getValue().bytes();
      entries.add(new Entry(name.clone(), key, each.getKey(), node(key).attributes()));
    }
    return true;
  }

  private Entry entry(String name, FileKey key, long cookie) {
    return new Entry(EntryNames.utf8(name), key, cookie, node(key).attributes());
  }

  @Override
  public SpaceReport space() {
    lock.readLock().lock();
    try {
      return new SpaceReport(capacity, capacity - used, used, used, used, nodes.size());
    } finally {
      lock.readLock().unlock();
    }
  }

  @Override
  public Snapshots snapshots() {
    return snapshots;
  }

  @Override
  public Optional<RequestOutcome> outcome(RequestTag tag) {
    lock.readLock().lock();
    try {
      return Optional.ofNullable(outcomes.get(tag));
    } finally {
      lock.readLock().unlock();
    }
  }

  // What the snapshots need; the lock is held where not said otherwise.

  ReentrantReadWriteLock lock() {
    return lock;
  }

  long now() {
    long wall = System.currentTimeMillis() * 1_000_000;
    return clock.updateAndGet(last -> Math.max(last + 1, wall));
  }

  InMemoryNode node(FileKey key) {
    if (key.frozen() || key.equals(FileKey.SNAPSHOTS)) {
      return snapshots.node(key);
    }
    InMemoryNode node = nodes.get(key.file());
    if (node == null) {
      throw new FileException(FileError.STALE, "file " + key.file() + " is gone");
    }
    return node;
  }

  @Nullable InMemoryNode liveOrNull(long file) {
    return nodes.get(file);
  }

  long newId() {
    return nextFile++;
  }

  void add(InMemoryNode node) {
    nodes.put(node.id, node);
  }

  void drop(InMemoryNode node) {
    nodes.remove(node.id);
  }

  InMemoryNode writableDirectory(FileKey key) {
    requireLive(key);
    return directory(key);
  }

  void unlinkName(InMemoryNode file) {
    for (InMemoryNode each : List.copyOf(nodes.values())) {
      for (InMemoryNode.Name name : List.copyOf(each.names().values())) {
        if (name.file() == file.id) {
          each.drop(name.bytes());
          unlink(file);
        }
      }
    }
  }

  void unlink(InMemoryNode file) {
    file.links--;
    file.changed = now();
    if (file.links == 0) {
      nodes.remove(file.id);
      used -= file.content.used();
    }
  }

  void apply(Caller caller, InMemoryNode node, AttributeChange change) {
    long now = now();
    Long size = change.size();
    if (size != null) {
      long had = node.content.used();
      node.content.resize(size);
      used += node.content.used() - had;
      node.modified = now;
      node.mode = PosixRules.withoutSetIds(caller, node);
    }
    if (change.uid() != null || change.gid() != null) {
      node.uid = change.uid() == null ? node.uid : change.uid();
      node.gid = change.gid() == null ? node.gid : change.gid();
      node.mode = PosixRules.withoutSetIds(caller, node);
    }
    if (change.mode() != null) {
      node.mode = PosixRules.settable(caller, node.gid, change.mode());
    }
    node.accessed = time(change.accessed(), node.accessed, now);
    node.modified = time(change.modified(), node.modified, now);
    node.changed = now;
    node.verifier = null;
  }

  private static long time(AttributeChange.@Nullable Time change, long old, long now) {
    return switch (change) {
      case null -> old;
      case AttributeChange.Time.Server() -> now;
      case AttributeChange.Time.Client(long nanos) -> nanos;
    };
  }

  InMemoryNode child(InMemoryNode parent, byte[] name) {
    Long id = parent.find(name);
    if (id == null) {
      throw new FileException(FileError.NOT_FOUND, EntryNames.text(name));
    }
    return node(FileKey.live(id));
  }

  private InMemoryNode directory(FileKey key) {
    InMemoryNode node = node(key);
    if (!node.isDirectory()) {
      throw new FileException(FileError.NOT_DIRECTORY, "file " + key.file());
    }
    return node;
  }

  private InMemoryNode regular(FileKey key) {
    InMemoryNode node = node(key);
    if (node.type != FileType.REGULAR) {
      throw new FileException(
          node.isDirectory() ? FileError.IS_DIRECTORY : FileError.INVALID, "holds no data");
    }
    return node;
  }

  private InMemoryNode writable(FileKey key) {
    requireLive(key);
    return node(key);
  }

  private static void requireLive(FileKey key) {
    if (key.frozen() || key.equals(FileKey.SNAPSHOTS)) {
      throw new FileException(FileError.READ_ONLY, "a snapshot does not change");
    }
  }

  private void remember(Caller caller, long created) {
    RequestTag tag = caller.request();
    if (tag != null) {
      outcomes.put(tag, new RequestOutcome(created));
      if (outcomes.size() > MAX_OUTCOMES) {
        outcomes.remove(outcomes.keySet().iterator().next());
      }
    }
  }

  private <T> CompletableFuture<T> changing(Caller caller, Supplier<T> change) {
    lock.writeLock().lock();
    try {
      T result = change.get();
      remember(caller, 0);
      return CompletableFuture.completedFuture(result);
    } catch (FileException e) {
      return CompletableFuture.failedFuture(e);
    } finally {
      lock.writeLock().unlock();
    }
  }

  private <T> CompletableFuture<T> reading(Supplier<T> question) {
    lock.readLock().lock();
    try {
      return CompletableFuture.completedFuture(question.get());
    } catch (FileException e) {
      return CompletableFuture.failedFuture(e);
    } finally {
      lock.readLock().unlock();
    }
  }

  /** The whole content of a regular file, for assertions; at most 1 GiB. */
  public byte[] content(FileKey file) {
    lock.readLock().lock();
    try {
      SparseBytes content = regular(file).content;
      byte[] all = new byte[Math.toIntExact(content.size())];
      int got = content.read(0, ByteBuffer.wrap(all));
      return Arrays.copyOf(all, got);
    } finally {
      lock.readLock().unlock();
    }
  }
}
