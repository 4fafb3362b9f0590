package org.opendvx.core.datastore;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.datastore.Datastore.Entry;
import org.opendvx.core.datastore.Datastore.Listing;

/** The datastore as it should be, in a few lines: what tests compare it with. */
final class Model {
  /** A snapshot: members by path. */
  record Shot(long id, Map<String, ModelFile> members, Map<Long, String> paths) {}

  final Map<Long, ModelFile> files = new HashMap<>();
  final Map<String, Shot> snapshots = new TreeMap<>();

  Model() {
    files.put(FileKey.ROOT_FILE, new ModelFile(FileKey.ROOT_FILE, FileType.DIRECTORY, 0755));
  }

  Model copy() {
    Model copy = new Model();
    files.forEach((id, file) -> copy.files.put(id, file.copy()));
    copy.snapshots.putAll(snapshots);
    return copy;
  }

  ModelFile file(long id) {
    ModelFile file = files.get(id);
    if (file == null) {
      throw new AssertionError("the model has no file " + id);
    }
    return file;
  }

  List<Long> ids(FileType type) {
    List<Long> ids = new ArrayList<>();
    files.values().stream().filter(f -> f.type == type).map(f -> f.id).sorted().forEach(ids::add);
    return ids;
  }

  int links(long id) {
    int count = 0;
    for (ModelFile directory : files.values()) {
      for (long child : directory.children.values()) {
        count += child == id ? 1 : 0;
      }
    }
    return count;
  }

  @Nullable Long parent(long id) {
    for (ModelFile directory : files.values()) {
      if (directory.children.containsValue(id)) {
        return directory.id;
      }
    }
    return null;
  }

  /** Whether a directory is the other or above it. */
  boolean above(long upper, long lower) {
    Long at = lower;
    while (at != null) {
      if (at == upper) {
        return true;
      }
      at = parent(at);
    }
    return false;
  }

  String path(long id) {
    Long parent = parent(id);
    if (parent == null) {
      return "";
    }
    for (Map.Entry<String, Long> child : file(parent).children.entrySet()) {
      if (child.getValue() == id) {
        return path(parent) + "/" + child.getKey();
      }
    }
    throw new AssertionError();
  }

  void unlink(ModelFile directory, String name) {
    Long id = directory.children.remove(name);
    if (id != null && links(id) == 0) {
      files.remove(id);
    }
  }

  /** What differs between the model and a store; empty when nothing does. */
  String difference(TestStore store) {
    String live = directory(store, FileKey.ROOT, file(FileKey.ROOT_FILE), "");
    if (!live.isEmpty()) {
      return live;
    }
    if (store.store.space().files() != files.size()) {
      return store.store.space().files() + " files instead of " + files.size();
    }
    List<String> names = store.names(FileKey.SNAPSHOTS, 3);
    if (!names.stream().sorted().toList().equals(List.copyOf(snapshots.keySet()))) {
      return "snapshots " + names + " instead of " + snapshots.keySet();
    }
    for (Map.Entry<String, Shot> entry : snapshots.entrySet()) {
      String different = shot(store, entry.getKey(), entry.getValue());
      if (!different.isEmpty()) {
        return "snapshot " + entry.getKey() + ": " + different;
      }
    }
    return "";
  }

  private String directory(TestStore store, FileKey key, ModelFile directory, String path) {
    int seen = 0;
    int subdirectories = 0;
    long cookie = 0;
    boolean end = false;
    while (!end) {
      Listing page = TestStore.get(store.store.list(Caller.SYSTEM, key, cookie, 5));
      end = page.end();
      for (Entry entry : page.entries()) {
        cookie = entry.cookie();
        String name = new String(entry.name(), java.nio.charset.StandardCharsets.UTF_8);
        if (name.equals(".") || name.equals("..") || name.equals(".snapshots")) {
          continue;
        }
        seen++;
        String where = path + "/" + name;
        Long id = directory.children.get(name);
        if (id == null || id != entry.key().file()) {
          return where + " is " + entry.key() + " instead of " + id;
        }
        ModelFile file = file(id);
        String different = compare(store, entry.key(), file, where);
        if (!different.isEmpty()) {
          return where + ": " + different;
        }
        subdirectories += file.type == FileType.DIRECTORY ? 1 : 0;
      }
    }
    if (seen != directory.children.size()) {
      return path + " has " + seen + " names instead of " + directory.children.keySet();
    }
    int links = store.attributes(key).links();
    return links == 2 + subdirectories ? "" : path + " has " + links + " links";
  }

  private String compare(TestStore store, FileKey key, ModelFile file, String path) {
    Attributes attributes = store.attributes(key);
    if (attributes.mode() != file.mode) {
      return "mode " + attributes.mode() + " instead of " + file.mode;
    }
    return switch (file.type) {
      case DIRECTORY -> directory(store, key, file, path);
      case SYMLINK -> {
        byte[] target = TestStore.get(store.store.readLink(key));
        yield java.util.Arrays.equals(target, file.symlink) ? "" : "target";
      }
      default ->
          attributes.links() == links(file.id)
              ? file.difference(store, key)
              : attributes.links() + " links instead of " + links(file.id);
    };
  }

  private static String shot(TestStore store, String name, Shot shot) {
    FileKey top = store.lookup(FileKey.SNAPSHOTS, name);
    if (top.snapshot() != shot.id()) {
      return "id " + top.snapshot() + " instead of " + shot.id();
    }
    var members = store.store.snapshots().members(shot.id());
    if (members.size() != shot.members().size()) {
      return members.size() + " members instead of " + shot.members().size();
    }
    for (Map.Entry<String, ModelFile> member : shot.members().entrySet()) {
      FileKey at = top;
      for (String step : member.getKey().substring(1).split("/", -1)) {
        at = store.lookup(at, step);
      }
      String different =
          member.getValue().type == FileType.REGULAR ? member.getValue().difference(store, at) : "";
      if (!different.isEmpty()) {
        return member.getKey() + ": " + different;
      }
    }
    return "";
  }
}
