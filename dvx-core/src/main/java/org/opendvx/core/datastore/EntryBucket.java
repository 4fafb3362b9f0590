package org.opendvx.core.datastore;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The names of a directory that share a bucket, nearly always one: docs/formats/directory.md. */
final class EntryBucket {
  private static final int FIXED = 1 + 1 + 1 + Long.BYTES;

  private EntryBucket() {}

  static byte[] encode(List<DirectoryEntry> entries) {
    int length = 1;
    for (DirectoryEntry entry : entries) {
      length += FIXED + entry.name().length;
    }
    ByteBuffer out = ByteBuffer.allocate(length).put((byte) entries.size());
    for (DirectoryEntry entry : entries) {
      out.put((byte) DirectoryEntry.ordinal(entry.cookie()));
      out.put((byte) entry.type().code());
      out.putLong(entry.file());
      out.put((byte) entry.name().length).put(entry.name());
    }
    return out.array();
  }

  static List<DirectoryEntry> decode(long bucket, byte @Nullable [] record) {
    if (record == null) {
      return List.of();
    }
    ByteBuffer in = ByteBuffer.wrap(record);
    try {
      int count = in.get();
      List<DirectoryEntry> entries = new ArrayList<>(Math.max(1, count));
      for (int i = 0; i < count; i++) {
        int ordinal = in.get();
        FileType type = InodeCodec.type(in.get());
        long file = in.getLong();
        byte[] name = new byte[Byte.toUnsignedInt(in.get())];
        in.get(name);
        entries.add(new DirectoryEntry(DirectoryEntry.cookie(bucket, ordinal), name, file, type));
      }
      return entries;
    } catch (BufferUnderflowException _) {
      throw Bytes.corrupt("A directory", "the bucket " + bucket + " ends early");
    }
  }

  static @Nullable DirectoryEntry find(List<DirectoryEntry> entries, byte[] name) {
    for (DirectoryEntry entry : entries) {
      if (Arrays.equals(entry.name(), name)) {
        return entry;
      }
    }
    return null;
  }

  /** With an entry added, or put in the place of the one with the same cookie. */
  static List<DirectoryEntry> with(List<DirectoryEntry> entries, DirectoryEntry entry) {
    List<DirectoryEntry> changed = without(entries, entry.cookie());
    changed.add(entry);
    changed.sort(Comparator.comparingLong(DirectoryEntry::cookie));
    return changed;
  }

  static List<DirectoryEntry> without(List<DirectoryEntry> entries, long cookie) {
    List<DirectoryEntry> changed = new ArrayList<>(entries);
    changed.removeIf(entry -> entry.cookie() == cookie);
    return changed;
  }

  /** The lowest ordinal that is free. */
  static int freeOrdinal(List<DirectoryEntry> entries) {
    for (int ordinal = 0; ordinal <= DirectoryEntry.MAX_ORDINAL; ordinal++) {
      int candidate = ordinal;
      if (entries.stream().noneMatch(e -> DirectoryEntry.ordinal(e.cookie()) == candidate)) {
        return ordinal;
      }
    }
    throw new FileException(FileError.NO_SPACE, "too many names collide in this directory");
  }
}
