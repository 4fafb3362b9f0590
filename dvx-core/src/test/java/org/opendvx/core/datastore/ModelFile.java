package org.opendvx.core.datastore;

import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;

/** A file, directory or link of {@link Model}. */
final class ModelFile {
  private static final int BLOCK = 4096;
  private static final byte[] ZEROS = new byte[BLOCK];

  final long id;
  final FileType type;
  int mode;
  long size;
  byte[] symlink = {};

  /** Blocks that are not all zero; the arrays are never changed. */
  TreeMap<Long, byte[]> blocks = new TreeMap<>();

  final TreeMap<String, Long> children = new TreeMap<>();

  ModelFile(long id, FileType type, int mode) {
    this.id = id;
    this.type = type;
    this.mode = mode;
  }

  ModelFile copy() {
    return copy(id);
  }

  ModelFile copy(long otherId) {
    ModelFile copy = new ModelFile(otherId, type, mode);
    copy.size = size;
    copy.symlink = symlink;
    copy.blocks = new TreeMap<>(blocks);
    copy.children.putAll(children);
    return copy;
  }

  void write(long offset, byte[] bytes) {
    for (int done = 0; done < bytes.length; ) {
      long block = (offset + done) / BLOCK;
      int within = (int) ((offset + done) % BLOCK);
      int part = Math.min(BLOCK - within, bytes.length - done);
      byte[] changed = blocks.getOrDefault(block, ZEROS).clone();
      System.arraycopy(bytes, done, changed, within, part);
      put(block, changed);
      done += part;
    }
    size = Math.max(size, offset + bytes.length);
  }

  private void put(long block, byte[] bytes) {
    if (Arrays.equals(bytes, ZEROS)) {
      blocks.remove(block);
    } else {
      blocks.put(block, bytes);
    }
  }

  void cloneRange(ModelFile from, long sourceBlock, long targetBlock, long count) {
    TreeMap<Long, byte[]> then = new TreeMap<>(from.blocks);
    for (long i = 0; i < count; i++) {
      byte[] block = then.get(sourceBlock + i);
      if (block == null) {
        blocks.remove(targetBlock + i);
      } else {
        blocks.put(targetBlock + i, block);
      }
    }
    size = Math.max(size, (targetBlock + count) * BLOCK);
  }

  void truncate(long newSize) {
    if (newSize < size) {
      long last = newSize / BLOCK;
      int within = (int) (newSize % BLOCK);
      blocks.tailMap(last, within == 0).clear();
      byte[] kept = blocks.get(last);
      if (kept != null && within > 0) {
        byte[] changed = kept.clone();
        Arrays.fill(changed, within, BLOCK, (byte) 0);
        put(last, changed);
      }
    }
    size = newSize;
  }

  /** What differs between this file and one in the store; empty when nothing does. */
  String difference(TestStore store, FileKey key) {
    Attributes attributes = store.attributes(key);
    if (attributes.type() != type || attributes.size() != size) {
      return "type or size: " + attributes + " instead of " + type + " of " + size;
    }
    if (attributes.used() != blocks.size() * (long) BLOCK) {
      return "used: " + attributes.used() + " instead of " + blocks.size() + " blocks";
    }
    TreeSet<Long> looked = new TreeSet<>(blocks.keySet());
    for (long block : blocks.keySet()) {
      looked.add(Math.max(0, block - 1));
      looked.add(block + 1);
    }
    looked.add(0L);
    for (long block : looked) {
      byte[] expected = blocks.getOrDefault(block, ZEROS);
      byte[] read = store.read(key, block * BLOCK, BLOCK);
      int length = Math.clamp(size - block * BLOCK, 0, BLOCK);
      if (!Arrays.equals(read, Arrays.copyOf(expected, length))) {
        return "block " + block;
      }
    }
    return "";
  }

  /** Like another but for its id and names. */
  boolean sameContent(ModelFile other) {
    if (size != other.size || blocks.size() != other.blocks.size()) {
      return false;
    }
    for (Map.Entry<Long, byte[]> entry : blocks.entrySet()) {
      if (!Arrays.equals(entry.getValue(), other.blocks.get(entry.getKey()))) {
        return false;
      }
    }
    return true;
  }
}
