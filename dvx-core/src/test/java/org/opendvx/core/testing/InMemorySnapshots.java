package org.opendvx.core.testing;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.datastore.AttributeChange;
import org.opendvx.core.datastore.Caller;
import org.opendvx.core.datastore.Datastore.Created;
import org.opendvx.core.datastore.Datastore.Entry;
import org.opendvx.core.datastore.Datastore.Existing;
import org.opendvx.core.datastore.Datastore.NewFile;
import org.opendvx.core.datastore.FileError;
import org.opendvx.core.datastore.FileException;
import org.opendvx.core.datastore.FileKey;
import org.opendvx.core.datastore.FileType;
import org.opendvx.core.datastore.Snapshots;

/** The snapshots of {@link InMemoryDatastore}, under its lock. */
final class InMemorySnapshots implements Snapshots {
  private final InMemoryDatastore datastore;
  private final TreeMap<Long, Frozen> snapshots = new TreeMap<>();
  private final InMemoryNode top;
  private long nextId = 1;

  /** One snapshot: its members and the directories above them, by file id. */
  private record Frozen(SnapshotInfo info, List<Member> members, Map<Long, InMemoryNode> nodes) {}

  InMemorySnapshots(InMemoryDatastore datastore) {
    this.datastore = datastore;
    this.top = new InMemoryNode(FileKey.SNAPSHOTS_DIRECTORY, FileType.DIRECTORY, 0755, 0, 0, 1);
    top.parent = FileKey.ROOT_FILE;
  }

  @Override
  public CompletableFuture<Cut> cut(CutRequest request) {
    return cutTogether(List.of(request)).thenApply(List::getFirst);
  }

  @Override
  public CompletableFuture<List<Cut>> cutTogether(List<CutRequest> requests) {
    return locked(
        () -> {
          List<Cut> cuts = new ArrayList<>();
          for (CutRequest request : requests) {
            cuts.add(take(request));
          }
          return cuts;
        });
  }

  private Cut take(CutRequest request) {
    long start = System.nanoTime();
    if (named(request.name()).isPresent()) {
      throw new FileException(FileError.EXISTS, "snapshot " + request.name());
    }
    long id = nextId++;
    Map<Long, InMemoryNode> nodes = new HashMap<>();
    List<Member> members = new ArrayList<>();
    long bytes = 0;
    for (FileKey file : request.files()) {
      InMemoryNode live = datastore.node(file);
      if (file.frozen() || live.isDirectory()) {
        throw new FileException(FileError.INVALID, "only live files are frozen");
      }
      String path = freeze(live, nodes);
      FileKey key = new FileKey(id, live.id);
      members.add(new Member(key, path, live.attributes()));
      bytes += live.content.size();
    }
    SnapshotInfo info =
        new SnapshotInfo(
            id,
            request.name(),
            datastore.now(),
            Map.copyOf(request.labels()),
            request.document().clone(),
            members.size(),
            bytes);
    snapshots.put(id, new Frozen(info, List.copyOf(members), nodes));
    long took = System.nanoTime() - start;
    return new Cut(info, took, took);
  }

  /** Freezes a file and copies the directories above it with just the names that lead to it. */
  private String freeze(InMemoryNode live, Map<Long, InMemoryNode> nodes) {
    nodes.put(live.id, live.freeze());
    String path = "";
    InMemoryNode below = live;
    while (below.id != FileKey.ROOT_FILE) {
      InMemoryNode above = above(below);
      byte[] name = nameOf(above, below);
      path = "/" + EntryNames.text(name) + path;
      nodes.computeIfAbsent(above.id, _ -> above.freeze()).put(name, below.id);
      below = above;
    }
    return path;
  }

  private InMemoryNode above(InMemoryNode node) {
    if (node.isDirectory()) {
      return datastore.node(FileKey.live(node.parent));
    }
    return holder(datastore.node(FileKey.ROOT), node, new HashSet<>())
        .orElseThrow(() -> new FileException(FileError.STALE, "no name leads to " + node.id));
  }

  private Optional<InMemoryNode> holder(InMemoryNode from, InMemoryNode file, Set<Long> seen) {
    for (InMemoryNode.Name name : from.names().values()) {
      if (name.file() == file.id) {
        return Optional.of(from);
      }
    }
    for (InMemoryNode.Name name : from.names().values()) {
      InMemoryNode child = datastore.node(FileKey.live(name.file()));
      if (child.isDirectory() && seen.add(child.id)) {
        Optional<InMemoryNode> found = holder(child, file, seen);
        if (found.isPresent()) {
          return found;
        }
      }
    }
    return Optional.empty();
  }

  private static byte[] nameOf(InMemoryNode directory, InMemoryNode file) {
    for (InMemoryNode.Name name : directory.names().values()) {
      if (name.file() == file.id) {
        return name.bytes();
      }
    }
    throw new FileException(FileError.STALE, "no name for " + file.id);
  }

  @Override
  public CompletableFuture<SnapshotInfo> amend(
      long id, Map<String, String> labels, byte[] document) {
    return locked(
        () -> {
          Frozen old = snapshots.get(id);
          if (old == null) {
            throw new FileException(FileError.NOT_FOUND, "snapshot " + id);
          }
          SnapshotInfo info =
              new SnapshotInfo(
                  id,
                  old.info.name(),
                  old.info.createdNanos(),
                  Map.copyOf(labels),
                  document.clone(),
                  old.info.files(),
                  old.info.logicalBytes());
          snapshots.put(id, new Frozen(info, old.members, old.nodes));
          return info;
        });
  }

  @Override
  public Optional<SnapshotInfo> snapshot(long id) {
    return reading(() -> Optional.ofNullable(snapshots.get(id)).map(Frozen::info));
  }

  @Override
  public Optional<SnapshotInfo> find(String name) {
    return reading(() -> named(name));
  }

  private Optional<SnapshotInfo> named(String name) {
    return snapshots.values().stream()
        .map(Frozen::info)
        .filter(info -> info.name().equals(name))
        .findAny();
  }

  @Override
  public List<SnapshotInfo> list(long afterId, int limit) {
    return reading(
        () ->
            snapshots.tailMap(afterId, false).values().stream()
                .limit(limit)
                .map(Frozen::info)
                .toList());
  }

  @Override
  public long count() {
    return reading(() -> (long) snapshots.size());
  }

  @Override
  public List<Member> members(long id) {
    return reading(() -> require(id).members());
  }

  @Override
  public CompletableFuture<@Nullable Void> delete(long id) {
    return locked(
        () -> {
          require(id);
          snapshots.remove(id);
          return null;
        });
  }

  @Override
  public CompletableFuture<@Nullable Void> restore(
      long snapshot, List<Long> members, List<FileKey> remove) {
    return locked(
        () -> {
          Frozen frozen = require(snapshot);
          for (long file : members) {
            InMemoryNode old = frozen.nodes().get(file);
            if (old == null || old.isDirectory()) {
              throw new FileException(FileError.NOT_FOUND, "no member " + file);
            }
            restore(frozen, old);
          }
          for (FileKey each : remove) {
            datastore.unlinkName(datastore.node(each));
          }
          return null;
        });
  }

  private void restore(Frozen frozen, InMemoryNode old) {
    InMemoryNode live = datastore.liveOrNull(old.id);
    if (live == null) {
      live = old.freeze();
      live.links = 0;
      datastore.add(live);
      for (Member member : frozen.members()) {
        if (member.key().file() == old.id) {
          name(member.path(), live);
        }
      }
    }
    live.content = old.content.freeze();
    live.mode = old.mode;
    live.uid = old.uid;
    live.gid = old.gid;
    live.accessed = old.accessed;
    live.modified = old.modified;
    live.changed = datastore.now();
  }

  private void name(String path, InMemoryNode file) {
    String[] parts = path.substring(1).split("/", -1);
    FileKey at = FileKey.ROOT;
    for (int i = 0; i < parts.length - 1; i++) {
      byte[] part = EntryNames.utf8(parts[i]);
      Long known = datastore.writableDirectory(at).find(part);
      at =
          known != null
              ? FileKey.live(known)
              : datastore
                  .create(
                      Caller.SYSTEM,
                      at,
                      part,
                      NewFile.directory(AttributeChange.NONE),
                      new Existing.Refuse())
                  .join()
                  .key();
    }
    byte[] last = EntryNames.utf8(parts[parts.length - 1]);
    InMemoryNode directory = datastore.writableDirectory(at);
    if (directory.find(last) == null) {
      directory.put(last, file.id);
      file.links++;
    }
  }

  @Override
  public CompletableFuture<List<FileKey>> clone(Caller caller, List<CloneFile> clones) {
    return locked(
        () -> {
          for (CloneFile each : clones) {
            if (datastore.writableDirectory(each.directory()).find(each.name()) != null) {
              throw new FileException(FileError.EXISTS, EntryNames.text(each.name()));
            }
          }
          List<FileKey> made = new ArrayList<>();
          for (CloneFile each : clones) {
            InMemoryNode source = datastore.node(each.source());
            NewFile file = NewFile.regular(AttributeChange.mode(source.mode));
            Created created =
                now(
                    datastore.create(
                        caller, each.directory(), each.name(), file, new Existing.Refuse()));
            datastore.node(created.key()).content = source.content.freeze();
            source.content = source.content.freeze();
            made.add(created.key());
          }
          return made;
        });
  }

  @Override
  public CompletableFuture<@Nullable Void> replaceContent(
      Caller caller, FileKey target, FileKey source) {
    return locked(
        () -> {
          if (target.frozen()) {
            throw new FileException(FileError.READ_ONLY, "a snapshot does not change");
          }
          InMemoryNode to = datastore.node(target);
          PosixRules.requireData(caller, to, PosixRules.WRITE);
          to.content = datastore.node(source).content.freeze();
          to.touch(datastore.now());
          return null;
        });
  }

  @Override
  public CompletableFuture<@Nullable Void> cloneRange(Caller caller, Range range) {
    return locked(
        () -> {
          if (range.target().frozen()) {
            throw new FileException(FileError.READ_ONLY, "a snapshot does not change");
          }
          InMemoryNode to = datastore.node(range.target());
          PosixRules.requireData(caller, to, PosixRules.WRITE);
          byte[] bytes = new byte[Math.toIntExact(range.length())];
          int _ =
              datastore
                  .node(range.source())
                  .content
                  .read(range.sourceOffset(), ByteBuffer.wrap(bytes));
          to.content.write(range.targetOffset(), ByteBuffer.wrap(bytes));
          to.touch(datastore.now());
          return null;
        });
  }

  // The read-only view below /.snapshots; the lock is held.

  InMemoryNode node(FileKey key) {
    if (!key.frozen()) {
      return top;
    }
    Frozen frozen = snapshots.get(key.snapshot());
    InMemoryNode node = frozen == null ? null : frozen.nodes().get(key.file());
    if (node == null) {
      throw new FileException(FileError.STALE, "not in snapshot " + key.snapshot());
    }
    return node;
  }

  FileKey find(FileKey directory, InMemoryNode node, byte[] name) {
    String text = EntryNames.text(name);
    if (text.equals("..")) {
      return !directory.frozen()
          ? FileKey.ROOT
          : node.id == FileKey.ROOT_FILE
              ? FileKey.SNAPSHOTS
              : new FileKey(directory.snapshot(), node.parent);
    }
    if (!directory.frozen()) {
      return named(text)
          .map(info -> new FileKey(info.id(), FileKey.ROOT_FILE))
          .orElseThrow(() -> new FileException(FileError.NOT_FOUND, text));
    }
    Long file = node.find(name);
    if (file == null) {
      throw new FileException(FileError.NOT_FOUND, text);
    }
    return new FileKey(directory.snapshot(), file);
  }

  boolean list(FileKey directory, InMemoryNode node, long after, int limit, List<Entry> into) {
    if (directory.frozen()) {
      for (var each : node.names().tailMap(after, false).entrySet()) {
        if (into.size() == limit) {
          return false;
        }
        FileKey key = new FileKey(directory.snapshot(), each.getValue().file());
        byte[] name = each.getValue().bytes();
        into.add(new Entry(name.clone(), key, each.getKey(), node(key).attributes()));
      }
      return true;
    }
    for (Frozen each : snapshots.tailMap(after - 2, false).values()) {
      if (into.size() == limit) {
        return false;
      }
      FileKey key = new FileKey(each.info().id(), FileKey.ROOT_FILE);
      byte[] name = EntryNames.utf8(each.info().name());
      into.add(new Entry(name, key, each.info().id() + 2, node(key).attributes()));
    }
    return true;
  }

  private Frozen require(long id) {
    Frozen frozen = snapshots.get(id);
    if (frozen == null) {
      throw new FileException(FileError.NOT_FOUND, "no snapshot " + id);
    }
    return frozen;
  }

  private static <T> T now(CompletableFuture<T> future) {
    if (future.isCompletedExceptionally()
        && future.exceptionNow() instanceof FileException refused) {
      throw refused;
    }
    return future.join();
  }

  private <T extends @Nullable Object> CompletableFuture<T> locked(Supplier<T> change) {
    datastore.lock().writeLock().lock();
    try {
      return CompletableFuture.completedFuture(change.get());
    } catch (FileException e) {
      return CompletableFuture.failedFuture(e);
    } finally {
      datastore.lock().writeLock().unlock();
    }
  }

  private <T> T reading(Supplier<T> question) {
    datastore.lock().readLock().lock();
    try {
      return question.get();
    } finally {
      datastore.lock().readLock().unlock();
    }
  }
}
