package org.opendvx.server.torture.drive;

import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.pool.local.DriveFile;
import org.opendvx.core.pool.local.DriveFolder;
import org.opendvx.core.pool.local.FileSystemFolder;

/**
 * A folder that fails, and that knows names and bytes which are not there. Forced is what is
 * written to a real file: processes die here, not machines. Thread-safe.
 */
final class LyingDrive implements DriveFolder {
  private final DriveFolder real;
  private final DriveFolder nowhere;
  private final Trouble trouble;

  /** Files that were opened or made, by the names that they have for this process. */
  private final Map<String, Unforced> nodes = new HashMap<>();

  /** Where the bytes of those are whose names are not on the drive. */
  private final Map<Unforced, String> nameless = new HashMap<>();

  /** Names that are not there for this process, whatever the drive has. */
  private final Set<String> gone = new HashSet<>();

  private final List<NameChange> pending = new ArrayList<>();
  private int made;

  /**
   * A change of names that is not on the drive.
   *
   * @param node made under the name, null when it is renamed or deleted
   */
  private record NameChange(String name, @Nullable Unforced node, @Nullable String from) {}

  LyingDrive(Path root, Path nowhere, DrivePlan plan) throws IOException {
    this.real = new FileSystemFolder(root);
    this.nowhere = new FileSystemFolder(nowhere);
    this.trouble = new Trouble(root, plan);
    Files.createDirectories(nowhere);
    List<String> left = new ArrayList<>();
    this.nowhere.list("", left::add);
    for (String name : left) {
      this.nowhere.delete(name);
    }
  }

  @Override
  public Path root() {
    return real.root();
  }

  private static String folder(String name) {
    int slash = name.lastIndexOf('/');
    return slash < 0 ? "" : name.substring(0, slash);
  }

  private Path path(String name, @Nullable Unforced node) {
    String elsewhere = node == null ? null : nameless.get(node);
    return elsewhere == null ? root().resolve(name) : nowhere.root().resolve(elsewhere);
  }

  /** The file of a name; null when there is none. */
  private @Nullable Unforced find(String name) {
    Unforced node = nodes.get(name);
    if (node == null && !gone.contains(name) && Files.exists(root().resolve(name))) {
      node = new Unforced();
      nodes.put(name, node);
    }
    return node;
  }

  private Unforced found(String name) throws NoSuchFileException {
    Unforced node = find(name);
    if (node == null) {
      throw new NoSuchFileException(root().resolve(name).toString());
    }
    return node;
  }

  private DriveFile opened(String name, Unforced node, boolean create) throws IOException {
    String elsewhere = nameless.get(node);
    DriveFile file =
        elsewhere == null ? real.open(onDrive(name), create) : nowhere.open(elsewhere, create);
    return new LyingFile(this, trouble, node, file);
  }

  /** The name that the drive has for a file, where a change of it is not there yet. */
  private String onDrive(String name) {
    String at = name;
    for (int i = pending.size() - 1; i >= 0; i--) {
      NameChange change = pending.get(i);
      if (change.name().equals(at) && change.from() != null) {
        at = change.from();
      }
    }
    return at;
  }

  @Override
  public synchronized DriveFile open(String name, boolean create) throws IOException {
    trouble.begin(create ? Fault.Task.WRITE : Fault.Task.READ);
    if (!create) {
      return opened(name, found(name), false);
    }
    Unforced node = find(name);
    if (node != null) {
      trouble.give(Files.size(path(onDrive(name), node)));
      node.clear();
      return opened(name, node, true);
    }
    if (!Files.isDirectory(root().resolve(folder(name)))) {
      throw new NoSuchFileException(root().resolve(name).toString());
    }
    Unforced fresh = new Unforced();
    nameless.put(fresh, Integer.toString(made++));
    nodes.put(name, fresh);
    gone.remove(name);
    DriveFile file = opened(name, fresh, true);
    change(new NameChange(name, fresh, null));
    return file;
  }

  @Override
  public synchronized void list(String directory, Consumer<String> visitor) throws IOException {
    trouble.begin(Fault.Task.READ);
    String before = directory.isEmpty() ? "" : directory + "/";
    Set<String> names = new TreeSet<>();
    real.list(
        directory,
        name -> {
          if (!gone.contains(before + name)) {
            names.add(name);
          }
        });
    for (String name : nodes.keySet()) {
      if (folder(name).equals(directory)) {
        names.add(name.substring(before.length()));
      }
    }
    names.forEach(visitor);
  }

  @Override
  public synchronized void createDirectories(String directory) throws IOException {
    trouble.begin(Fault.Task.WRITE);
    real.createDirectories(directory);
  }

  @Override
  public synchronized void rename(String from, String to) throws IOException {
    trouble.begin(Fault.Task.WRITE);
    Unforced node = found(from);
    Unforced replaced = find(to);
    if (replaced != null) {
      trouble.give(Files.size(path(onDrive(to), replaced)));
    }
    nodes.remove(from);
    nodes.put(to, node);
    gone.add(from);
    gone.remove(to);
    change(new NameChange(to, null, from));
  }

  @Override
  public synchronized void delete(String name) throws IOException {
    trouble.begin(Fault.Task.WRITE);
    Unforced node = find(name);
    if (node != null) {
      trouble.give(Files.size(path(onDrive(name), node)));
      nodes.remove(name);
      gone.add(name);
      change(new NameChange(name, null, null));
    }
  }

  /** Of the changes in a folder, none is on the drive before an earlier one. */
  private void change(NameChange change) throws IOException {
    pending.add(change);
    if (trouble.early()) {
      settle(folder(change.name()));
    }
  }

  private void settle(String directory) throws IOException {
    List<NameChange> rest = new ArrayList<>();
    for (NameChange change : pending) {
      if (folder(change.name()).equals(directory)) {
        apply(change);
      } else {
        rest.add(change);
      }
    }
    pending.clear();
    pending.addAll(rest);
  }

  private void apply(NameChange change) throws IOException {
    Unforced node = change.node();
    if (node != null) {
      Path from = path(change.name(), node);
      nameless.remove(node);
      Files.move(
          from,
          root().resolve(change.name()),
          StandardCopyOption.ATOMIC_MOVE,
          StandardCopyOption.REPLACE_EXISTING);
    } else if (change.from() != null) {
      real.rename(change.from(), change.name());
    } else {
      real.delete(change.name());
    }
  }

  @Override
  public synchronized void forceDirectory(String directory) throws IOException {
    trouble.begin(Fault.Task.FORCE);
    if (!Files.isDirectory(root().resolve(directory))) {
      throw new NoSuchFileException(root().resolve(directory).toString());
    }
    settle(directory);
  }

  @Override
  public synchronized Object identity(String name) throws IOException {
    trouble.begin(Fault.Task.READ);
    Unforced node = found(name);
    String elsewhere = nameless.get(node);
    return elsewhere == null ? real.identity(onDrive(name)) : nowhere.identity(elsewhere);
  }

  @Override
  public synchronized @Nullable Closeable tryLock(String name) throws IOException {
    trouble.begin(Fault.Task.READ);
    return real.tryLock(name);
  }

  @Override
  public synchronized long freeBytes() throws IOException {
    return trouble.full() ? trouble.room() : real.freeBytes();
  }

  @Override
  public Object fileSystem() {
    return root();
  }
}
