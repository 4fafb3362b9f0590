package org.opendvx.core.testing;

import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.datastore.Attributes;
import org.opendvx.core.datastore.FileType;

/** A file, directory or link of {@link InMemoryDatastore}, which locks. */
final class InMemoryNode {
  private static final long FIRST_COOKIE = 3;

  final long id;
  final FileType type;
  int mode;
  int links = 1;
  int uid;
  int gid;
  long device;
  byte[] target = {};
  SparseBytes content = new SparseBytes();
  long accessed;
  long modified;
  long changed;

  /** Of an EXCLUSIVE creation, until attributes are set. */
  @Nullable Long verifier;

  /** Of a directory: the one above. */
  long parent;

  private final Map<String, Long> cookies = new HashMap<>();
  private final NavigableMap<Long, Name> names = new TreeMap<>();
  private long nextCookie = FIRST_COOKIE;

  /** A name in a directory. */
  @SuppressWarnings("ArrayRecordComponent") // carried, never compared
  record Name(byte[] bytes, long file) {}

  InMemoryNode(long id, FileType type, int mode, int uid, int gid, long now) {
    this.id = id;
    this.type = type;
    this.mode = mode;
    this.uid = uid;
    this.gid = gid;
    this.accessed = now;
    this.modified = now;
    this.changed = now;
    if (type == FileType.DIRECTORY) {
      links = 2;
    }
  }

  /** The same with content that no later change reaches, under the attributes of now. */
  InMemoryNode freeze() {
    InMemoryNode frozen = new InMemoryNode(id, type, mode, uid, gid, changed);
    frozen.links = links;
    frozen.device = device;
    frozen.target = target;
    frozen.content = content.freeze();
    frozen.accessed = accessed;
    frozen.modified = modified;
    frozen.parent = parent;
    return frozen;
  }

  boolean isDirectory() {
    return type == FileType.DIRECTORY;
  }

  boolean isEmpty() {
    return names.isEmpty();
  }

  @Nullable Long find(byte[] name) {
    Long cookie = cookies.get(key(name));
    Name found = cookie == null ? null : names.get(cookie);
    return found == null ? null : found.file();
  }

  /** Adds a name or makes an existing one stand for another file, under its old cookie. */
  void put(byte[] name, long file) {
    long cookie = cookies.computeIfAbsent(key(name), _ -> nextCookie++);
    names.put(cookie, new Name(name.clone(), file));
  }

  void drop(byte[] name) {
    Long cookie = cookies.remove(key(name));
    if (cookie != null) {
      names.remove(cookie);
    }
  }

  /** Names by cookie. */
  NavigableMap<Long, Name> names() {
    return names;
  }

  void touch(long now) {
    modified = now;
    changed = now;
  }

  Attributes attributes() {
    return new Attributes(
        id,
        type,
        mode,
        links,
        uid,
        gid,
        switch (type) {
          case REGULAR -> content.size();
          case SYMLINK -> target.length;
          case DIRECTORY -> SparseBytes.PAGE;
          default -> 0;
        },
        type == FileType.REGULAR ? content.used() : 0,
        device,
        accessed,
        modified,
        changed);
  }

  private static String key(byte[] name) {
    return new String(name, StandardCharsets.ISO_8859_1);
  }
}
