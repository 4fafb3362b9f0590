package org.opendvx.server.torture.drive;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.NavigableMap;
import java.util.Random;
import java.util.TreeMap;
import org.opendvx.core.pool.local.DriveFile;

/**
 * Where the bytes of a file are, and those of its blocks that are not on the drive. Confined to the
 * lock of its drive.
 */
final class Unforced {
  static final int BLOCK = 4096;

  /** Blocks that the next force brings to the drive. */
  private final NavigableMap<Long, byte[]> dirty = new TreeMap<>();

  /** Blocks that a failed force has dropped and that are still read, from memory. */
  private final NavigableMap<Long, byte[]> ghosts = new TreeMap<>();

  private long end;

  /** The file is emptied. */
  void clear() {
    dirty.clear();
    ghosts.clear();
    end = 0;
  }

  long size(DriveFile file) throws IOException {
    return Math.max(file.size(), end);
  }

  int read(DriveFile file, ByteBuffer target, long position) throws IOException {
    if (dirty.isEmpty() && ghosts.isEmpty()) {
      return file.read(target, position);
    }
    int length = (int) Math.min(target.remaining(), Math.max(0, size(file) - position));
    byte[] bytes = new byte[length];
    int _ = file.read(ByteBuffer.wrap(bytes), position);
    overlay(ghosts, bytes, position);
    overlay(dirty, bytes, position);
    target.put(bytes);
    return length;
  }

  private static void overlay(NavigableMap<Long, byte[]> blocks, byte[] bytes, long position) {
    long last = position + bytes.length;
    blocks
        .subMap(position / BLOCK, true, last / BLOCK, true)
        .forEach(
            (number, block) -> {
              long from = Math.max(position, number * BLOCK);
              int length = (int) (Math.min(last, (number + 1) * BLOCK) - from);
              if (length > 0) {
                System.arraycopy(
                    block, (int) (from - number * BLOCK), bytes, (int) (from - position), length);
              }
            });
  }

  /** Writes; each block is on the drive at once or not before it is forced, as chance has it. */
  void write(DriveFile file, byte[] bytes, long position, Trouble chance) throws IOException {
    long last = position + bytes.length;
    for (long number = position / BLOCK; number * BLOCK < last; number++) {
      byte[] block = new byte[BLOCK];
      int _ = read(file, ByteBuffer.wrap(block), number * BLOCK);
      long from = Math.max(position, number * BLOCK);
      int length = (int) (Math.min(last, (number + 1) * BLOCK) - from);
      System.arraycopy(
          bytes, (int) (from - position), block, (int) (from - number * BLOCK), length);
      end = Math.max(size(file), from + length);
      dirty.put(number, block);
      ghosts.remove(number);
      if (chance.early()) {
        land(file, number);
      }
    }
  }

  /** Brings everything to the drive, in any order: the process may die meanwhile. */
  void force(DriveFile file, Random random) throws IOException {
    List<Long> numbers = new ArrayList<>(dirty.keySet());
    Collections.shuffle(numbers, random);
    for (long number : numbers) {
      land(file, number);
    }
  }

  private void land(DriveFile file, long number) throws IOException {
    byte[] block = dirty.remove(number);
    if (block != null) {
      int length = (int) Math.min(BLOCK, end - number * BLOCK);
      file.write(ByteBuffer.wrap(block, 0, length), number * BLOCK);
    }
  }

  /**
   * A force has failed: what it was to bring to the drive never gets there.
   *
   * @param seen whether it is read until the process dies
   */
  void drop(boolean seen) {
    if (seen) {
      ghosts.putAll(dirty);
    }
    dirty.clear();
  }
}
