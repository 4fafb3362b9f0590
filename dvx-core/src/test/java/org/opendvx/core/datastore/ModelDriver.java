package org.opendvx.core.datastore;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.datastore.Datastore.NewFile;
import org.opendvx.core.datastore.Snapshots.CloneFile;
import org.opendvx.core.datastore.Snapshots.Cut;

/**
 * Random operations on a store and on its model at once; both must answer alike. The same seed
 * gives the same operations.
 */
final class ModelDriver {
  private static final String[] NAMES = {"a", "b", "c", "d", "e", "f", "g", "h"};
  private static final int SMALL_FILE = 150_000;
  private static final long FAR = 40L << 40;

  private final Random random;
  TestStore store;
  Model model;

  /** Whether the last operation was acknowledged as durable. */
  boolean durable;

  String last = "";
  private int snapshotNumber;

  ModelDriver(TestStore store, Model model, long seed) {
    this.store = store;
    this.model = model;
    this.random = new Random(seed);
  }

  /** One random operation. */
  void step() {
    durable = true;
    int choice = random.nextInt(100);
    if (choice < 34) {
      write();
    } else if (choice < 46) {
      make();
    } else if (choice < 53) {
      truncate();
    } else if (choice < 61) {
      remove();
    } else if (choice < 71) {
      rename();
    } else if (choice < 75) {
      link();
    } else if (choice < 78) {
      mode();
    } else if (choice < 84) {
      cut();
    } else if (choice < 87) {
      deleteSnapshot();
    } else if (choice < 91) {
      cloneFile();
    } else if (choice < 95) {
      restore();
    } else if (choice < 97) {
      replaceContent();
    } else {
      cloneRange();
    }
  }

  private @Nullable Long pick(FileType type) {
    List<Long> ids = model.ids(type);
    return ids.isEmpty() ? null : ids.get(random.nextInt(ids.size()));
  }

  private ModelFile pickDirectory() {
    Long id = pick(FileType.DIRECTORY);
    return model.file(id == null ? FileKey.ROOT_FILE : id);
  }

  private String pickName() {
    return NAMES[random.nextInt(NAMES.length)];
  }

  /** Runs an operation of which the model says what it must answer; whether it succeeded. */
  private boolean both(String what, @Nullable FileError expected, Runnable operation) {
    last = what;
    FileError answered = null;
    try {
      operation.run();
    } catch (FileException e) {
      answered = e.error();
    }
    assertEquals(expected, answered, what);
    durable &= answered == null;
    return answered == null;
  }

  private byte[] content(int length) {
    byte[] bytes = new byte[length];
    switch (random.nextInt(4)) {
      case 0 -> {}
      case 1 -> java.util.Arrays.fill(bytes, (byte) (1 + random.nextInt(3)));
      default -> random.nextBytes(bytes);
    }
    return bytes;
  }

  private void write() {
    Long id = pick(FileType.REGULAR);
    if (id == null) {
      make();
      return;
    }
    long offset = random.nextInt(SMALL_FILE);
    if (random.nextInt(20) == 0) {
      offset += FAR;
    }
    if (random.nextInt(3) == 0) {
      offset &= ~4095L;
    }
    int length =
        random.nextBoolean() ? 4096 : 1 + random.nextInt(random.nextBoolean() ? 700 : 30_000);
    byte[] bytes = content(length);
    boolean stable = random.nextInt(3) > 0;
    long at = offset;
    boolean done =
        both(
            "write " + id + " " + at + "+" + length + (stable ? " stable" : ""),
            null,
            () ->
                TestStore.get(
                    store.store.write(
                        Caller.SYSTEM, FileKey.live(id), at, ByteBuffer.wrap(bytes), stable)));
    durable &= stable && done;
    model.file(id).write(at, bytes);
  }

  private void make() {
    ModelFile directory = pickDirectory();
    String name = pickName();
    boolean folder = random.nextInt(3) == 0;
    boolean symlink = !folder && random.nextInt(5) == 0;
    FileType type = folder ? FileType.DIRECTORY : symlink ? FileType.SYMLINK : FileType.REGULAR;
    byte[] target = symlink ? TestStore.name("../" + name) : new byte[0];
    int mode = symlink ? 0777 : 0700;
    FileError expected = directory.children.containsKey(name) ? FileError.EXISTS : null;
    long[] made = new long[1];
    if (both(
        "make " + type + " " + directory.id + "/" + name,
        expected,
        () ->
            made[0] =
                store
                    .create(
                        Caller.SYSTEM,
                        FileKey.live(directory.id),
                        name,
                        new NewFile(type, AttributeChange.mode(mode), target, 0))
                    .key()
                    .file())) {
      ModelFile file = new ModelFile(made[0], type, mode);
      file.symlink = target;
      file.size = target.length;
      model.files.put(file.id, file);
      directory.children.put(name, file.id);
    }
  }

  private void truncate() {
    Long id = pick(FileType.REGULAR);
    if (id == null) {
      make();
      return;
    }
    long size = random.nextInt(SMALL_FILE);
    both("truncate " + id + " " + size, null, () -> store.truncate(FileKey.live(id), size));
    model.file(id).truncate(size);
  }

  private void mode() {
    Long id = pick(random.nextBoolean() ? FileType.REGULAR : FileType.DIRECTORY);
    if (id == null) {
      make();
      return;
    }
    int mode = 0700 + random.nextInt(64);
    both(
        "mode " + id,
        null,
        () ->
            TestStore.get(
                store.store.setAttributes(
                    Caller.SYSTEM, FileKey.live(id), AttributeChange.mode(mode), null)));
    model.file(id).mode = mode;
  }

  private void remove() {
    ModelFile directory = pickDirectory();
    String name = pickName();
    Long id = directory.children.get(name);
    boolean folder = id == null ? random.nextBoolean() : random.nextInt(8) == 0;
    if (id != null && random.nextInt(8) > 0) {
      folder = model.file(id).type == FileType.DIRECTORY;
    }
    boolean asFolder = folder;
    FileError expected = null;
    if (id == null) {
      expected = FileError.NOT_FOUND;
    } else if (asFolder != (model.file(id).type == FileType.DIRECTORY)) {
      expected = asFolder ? FileError.NOT_DIRECTORY : FileError.IS_DIRECTORY;
    } else if (asFolder && !model.file(id).children.isEmpty()) {
      expected = FileError.NOT_EMPTY;
    }
    FileKey key = FileKey.live(directory.id);
    if (both(
        "remove " + directory.id + "/" + name,
        expected,
        () ->
            TestStore.get(
                asFolder
                    ? store.store.removeDirectory(Caller.SYSTEM, key, TestStore.name(name))
                    : store.store.remove(Caller.SYSTEM, key, TestStore.name(name))))) {
      model.unlink(directory, name);
    }
  }

  private void rename() {
    ModelFile from = pickDirectory();
    ModelFile to = pickDirectory();
    String name = pickName();
    String other = pickName();
    Long id = from.children.get(name);
    Long victim = to.children.get(other);
    FileError expected = renameError(id, victim, to);
    // A rename to another name of the same file does nothing, so it makes nothing durable either.
    durable = id != null && !id.equals(victim);
    if (both(
            "rename " + from.id + "/" + name + " to " + to.id + "/" + other,
            expected,
            () ->
                TestStore.get(
                    store.store.rename(
                        Caller.SYSTEM,
                        FileKey.live(from.id),
                        TestStore.name(name),
                        FileKey.live(to.id),
                        TestStore.name(other))))
        && id != null
        && !id.equals(victim)) {
      if (victim != null) {
        model.unlink(to, other);
      }
      from.children.remove(name);
      to.children.put(other, id);
    }
  }

  private @Nullable FileError renameError(@Nullable Long id, @Nullable Long victim, ModelFile to) {
    if (id == null) {
      return FileError.NOT_FOUND;
    }
    if (id.equals(victim)) {
      return null;
    }
    boolean folder = model.file(id).type == FileType.DIRECTORY;
    if (folder && model.above(id, to.id)) {
      return FileError.INVALID;
    }
    if (victim == null) {
      return null;
    }
    boolean victimFolder = model.file(victim).type == FileType.DIRECTORY;
    if (folder && !victimFolder) {
      return FileError.NOT_DIRECTORY;
    }
    if (!folder && victimFolder) {
      return FileError.IS_DIRECTORY;
    }
    return folder && !model.file(victim).children.isEmpty() ? FileError.NOT_EMPTY : null;
  }

  private void link() {
    Long id = pick(FileType.REGULAR);
    if (id == null) {
      make();
      return;
    }
    ModelFile directory = pickDirectory();
    String name = pickName();
    FileError expected = directory.children.containsKey(name) ? FileError.EXISTS : null;
    if (both(
        "link " + id + " " + directory.id + "/" + name,
        expected,
        () ->
            TestStore.get(
                store.store.link(
                    Caller.SYSTEM,
                    FileKey.live(id),
                    FileKey.live(directory.id),
                    TestStore.name(name))))) {
      directory.children.put(name, id);
    }
  }

  private void cut() {
    List<FileKey> keys = new ArrayList<>();
    Map<String, ModelFile> members = new LinkedHashMap<>();
    Map<Long, String> paths = new HashMap<>();
    for (long id : model.ids(FileType.REGULAR)) {
      // A file with several names shows up under one of them, which the model cannot know.
      if (random.nextBoolean() && model.links(id) == 1) {
        keys.add(FileKey.live(id));
        members.put(model.path(id), model.file(id).copy());
        paths.put(id, model.path(id));
      }
    }
    String name = "s" + snapshotNumber++;
    Cut[] cut = new Cut[1];
    if (both(
        "cut " + name + " " + keys,
        null,
        () -> cut[0] = store.cut(name, keys.toArray(new FileKey[0])))) {
      model.snapshots.put(name, new Model.Shot(cut[0].snapshot().id(), members, paths));
    }
  }

  private Model.@Nullable Shot pickSnapshot() {
    List<Model.Shot> shots = new ArrayList<>(model.snapshots.values());
    return shots.isEmpty() ? null : shots.get(random.nextInt(shots.size()));
  }

  private void deleteSnapshot() {
    Model.Shot shot = pickSnapshot();
    if (shot == null) {
      cut();
      return;
    }
    both(
        "delete " + shot.id(),
        null,
        () -> TestStore.get(store.store.snapshots().delete(shot.id())));
    model.snapshots.values().remove(shot);
  }

  private void cloneFile() {
    Model.Shot shot = pickSnapshot();
    ModelFile source = null;
    FileKey key = FileKey.ROOT;
    if (shot != null && !shot.members().isEmpty() && random.nextBoolean()) {
      source = new ArrayList<>(shot.members().values()).get(random.nextInt(shot.members().size()));
      key = new FileKey(shot.id(), source.id);
    } else {
      Long id = pick(FileType.REGULAR);
      if (id != null) {
        source = model.file(id);
        key = FileKey.live(id);
      }
    }
    if (source == null) {
      make();
      return;
    }
    ModelFile directory = pickDirectory();
    String name = pickName();
    FileError expected = directory.children.containsKey(name) ? FileError.EXISTS : null;
    List<FileKey> made = new ArrayList<>();
    FileKey from = key;
    if (both(
        "clone " + key + " to " + directory.id + "/" + name,
        expected,
        () ->
            made.addAll(
                TestStore.get(
                    store
                        .store
                        .snapshots()
                        .clone(
                            Caller.SYSTEM,
                            List.of(
                                new CloneFile(
                                    from, FileKey.live(directory.id), TestStore.name(name)))))))) {
      ModelFile copy = source.copy(made.getFirst().file());
      model.files.put(copy.id, copy);
      directory.children.put(name, copy.id);
    }
  }

  private void restore() {
    Model.Shot shot = pickSnapshot();
    if (shot == null) {
      cut();
      return;
    }
    List<ModelFile> members = new ArrayList<>();
    for (ModelFile member : shot.members().values()) {
      // Files that are gone come back only if their place is simple to tell for the model.
      if (random.nextInt(3) > 0 && (model.files.containsKey(member.id) || returns(shot, member))) {
        members.add(member);
      }
    }
    both(
        "restore " + shot.id(),
        null,
        () ->
            TestStore.get(
                store
                    .store
                    .snapshots()
                    .restore(shot.id(), members.stream().map(m -> m.id).toList(), List.of())));
    for (ModelFile member : members) {
      ModelFile live = model.files.get(member.id);
      if (live == null) {
        live = new ModelFile(member.id, FileType.REGULAR, member.mode);
        model.files.put(live.id, live);
        model.file(FileKey.ROOT_FILE).children.put(nameInRoot(shot, member), live.id);
      }
      live.mode = member.mode;
      live.size = member.size;
      live.blocks = new java.util.TreeMap<>(member.blocks);
    }
  }

  private static String nameInRoot(Model.Shot shot, ModelFile member) {
    String path = shot.paths().get(member.id);
    return path == null ? "" : path.substring(1);
  }

  private boolean returns(Model.Shot shot, ModelFile member) {
    String name = nameInRoot(shot, member);
    return !name.contains("/") && !model.file(FileKey.ROOT_FILE).children.containsKey(name);
  }

  private void replaceContent() {
    Long target = pick(FileType.REGULAR);
    Long source = pick(FileType.REGULAR);
    if (target == null || source == null) {
      make();
      return;
    }
    durable = !target.equals(source);
    both(
        "replace " + target + " by " + source,
        null,
        () ->
            TestStore.get(
                store
                    .store
                    .snapshots()
                    .replaceContent(Caller.SYSTEM, FileKey.live(target), FileKey.live(source))));
    ModelFile to = model.file(target);
    ModelFile from = model.file(source);
    to.size = from.size;
    to.blocks = new java.util.TreeMap<>(from.blocks);
  }

  private void cloneRange() {
    Long target = pick(FileType.REGULAR);
    Long live = pick(FileType.REGULAR);
    if (target == null || live == null) {
      make();
      return;
    }
    ModelFile from = model.file(live);
    FileKey source = FileKey.live(live);
    Model.Shot shot = pickSnapshot();
    if (shot != null && !shot.members().isEmpty() && random.nextBoolean()) {
      List<ModelFile> members = List.copyOf(shot.members().values());
      from = members.get(random.nextInt(members.size()));
      source = new FileKey(shot.id(), from.id);
    }
    long sourceBlock = random.nextInt(SMALL_FILE / 4096);
    long targetBlock =
        random.nextInt(SMALL_FILE / 4096) + (random.nextInt(20) == 0 ? FAR / 4096 : 0);
    long blocks = 1L + random.nextInt(12);
    Snapshots.Range range =
        new Snapshots.Range(
            source, sourceBlock * 4096L, FileKey.live(target), targetBlock * 4096L, blocks * 4096L);
    boolean stable = random.nextBoolean();
    both(
        "clone " + range,
        null,
        () -> {
          TestStore.get(store.store.snapshots().cloneRange(Caller.SYSTEM, range));
          if (stable) {
            TestStore.get(store.store.commit(range.target()));
          }
        });
    durable &= stable;
    model.file(target).cloneRange(from, sourceBlock, targetBlock, blocks);
  }
}
