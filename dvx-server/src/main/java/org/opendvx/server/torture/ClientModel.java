package org.opendvx.server.torture;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What one client's files and snapshots hold, and what it does next. The same random numbers give
 * the same operations, whatever became of those before, as long as both sides know that. Confined
 * to one thread.
 */
final class ClientModel {
  /** Slots of files. */
  static final int FILES = 6;

  /** Blocks of a file. */
  static final int BLOCKS = 64;

  private static final int LONGEST_WRITE = 12;
  private static final int MOST_SNAPSHOTS = 12;

  /** Contents that come again and again, so that dedupe finds them. */
  private static final int COMMON = 200;

  /**
   * What a snapshot holds.
   *
   * @param slot of the file
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  record Shot(int slot, int[] blocks) {}

  private final int number;
  private final SortedMap<Integer, int[]> files;
  private final SortedMap<String, Shot> snapshots;
  private int named;

  /** A client without files. */
  ClientModel(int number) {
    this(number, new TreeMap<>(), new TreeMap<>(), 0);
  }

  private ClientModel(
      int number, SortedMap<Integer, int[]> files, SortedMap<String, Shot> snapshots, int named) {
    this.number = number;
    this.files = files;
    this.snapshots = snapshots;
    this.named = named;
  }

  /** The same, to be changed apart. */
  ClientModel copy() {
    SortedMap<Integer, int[]> copies = new TreeMap<>();
    files.forEach((slot, blocks) -> copies.put(slot, blocks.clone()));
    return new ClientModel(number, copies, new TreeMap<>(snapshots), named);
  }

  /** The name of the folder that it works in. */
  String folder() {
    return "c" + number;
  }

  /** Files by slot: the number of each block's content. */
  Map<Integer, int[]> files() {
    return files;
  }

  /** Snapshots by name. */
  Map<String, Shot> snapshots() {
    return snapshots;
  }

  /** What it does next. */
  Operation next(Random random) {
    int slot = random.nextInt(FILES);
    int what = random.nextInt(100);
    if (!files.containsKey(slot)) {
      return what < 50 && !snapshots.isEmpty()
          ? new Operation.Copy(any(random), slot)
          : new Operation.Make(slot);
    }
    if (what < 8) {
      return new Operation.Remove(slot);
    }
    if (what < 16) {
      return new Operation.Truncate(slot, random.nextInt(BLOCKS));
    }
    if (what < 28 && snapshots.size() < MOST_SNAPSHOTS) {
      return new Operation.Cut(slot, folder() + "-" + named++);
    }
    if (what < 38 && !snapshots.isEmpty()) {
      return new Operation.Drop(any(random));
    }
    int first = random.nextInt(BLOCKS - LONGEST_WRITE);
    int[] contents = new int[1 + random.nextInt(LONGEST_WRITE)];
    for (int i = 0; i < contents.length; i++) {
      contents[i] =
          random.nextInt(3) == 0 ? random.nextInt(COMMON) : COMMON + random.nextInt(1 << 30);
    }
    return new Operation.Write(slot, first, contents);
  }

  private String any(Random random) {
    List<String> names = new ArrayList<>(snapshots.keySet());
    return names.get(random.nextInt(names.size()));
  }

  /** It was done. */
  void apply(Operation operation) {
    switch (operation) {
      case Operation.Make(int slot) -> files.put(slot, new int[BLOCKS]);
      case Operation.Remove(int slot) -> files.remove(slot);
      case Operation.Write(int slot, int first, int[] contents) -> {
        int[] blocks = file(slot);
        System.arraycopy(contents, 0, blocks, first, contents.length);
      }
      case Operation.Truncate(int slot, int blocks) ->
          java.util.Arrays.fill(file(slot), blocks, BLOCKS, 0);
      case Operation.Cut(int slot, String snapshot) ->
          snapshots.put(snapshot, new Shot(slot, file(slot).clone()));
      case Operation.Drop(String snapshot) -> snapshots.remove(snapshot);
      case Operation.Copy(String snapshot, int slot) ->
          files.put(slot, shot(snapshot).blocks().clone());
    }
  }

  private int[] file(int slot) {
    int[] blocks = files.get(slot);
    if (blocks == null) {
      throw new IllegalStateException("there is no file " + slot);
    }
    return blocks;
  }

  /** A snapshot that there is. */
  Shot shot(String snapshot) {
    Shot shot = snapshots.get(snapshot);
    if (shot == null) {
      throw new IllegalStateException("there is no snapshot " + snapshot);
    }
    return shot;
  }
}
