package org.opendvx.core.datastore;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Gives cookies to names that come in one transaction, which do not see each other yet. */
final class NewNames {
  private final NameHash hash;
  private final Map<Long, Map<Long, List<DirectoryEntry>>> pending = new LinkedHashMap<>();

  NewNames(NameHash hash) {
    this.hash = hash;
  }

  /** Notes that a name goes away in the same transaction. */
  void leave(Inode directory, DirectoryEntry entry) {
    List<DirectoryEntry> names = names(directory.id, directory, entry.cookie());
    names.removeIf(other -> other.cookie() == entry.cookie());
  }

  private List<DirectoryEntry> names(long id, @Nullable Inode directory, long cookie) {
    long bucket = DirectoryEntry.bucket(cookie);
    return pending
        .computeIfAbsent(id, _ -> new LinkedHashMap<>())
        .computeIfAbsent(
            bucket,
            _ -> directory == null ? new ArrayList<>() : new ArrayList<>(directory.bucket(bucket)));
  }

  long cookie(Inode directory, byte[] name) {
    return cookie(directory.id, directory, name);
  }

  /**
   * A cookie for a new name; EXISTS when the name is taken.
   *
   * @param directory null when it is made in the same transaction
   */
  long cookie(long id, @Nullable Inode directory, byte[] name) {
    long bucket = hash.bucket(name);
    List<DirectoryEntry> names = names(id, directory, DirectoryEntry.cookie(bucket, 0));
    if (EntryBucket.find(names, name) != null) {
      throw new FileException(FileError.EXISTS, "the name is taken");
    }
    long cookie = DirectoryEntry.cookie(bucket, EntryBucket.freeOrdinal(names));
    names.add(new DirectoryEntry(cookie, name, 0, FileType.REGULAR));
    return cookie;
  }
}
