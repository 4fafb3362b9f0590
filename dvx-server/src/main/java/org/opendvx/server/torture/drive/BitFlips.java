package org.opendvx.server.torture.drive;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.Stream;

/** Bits of files that changed while nobody looked. Confined to one thread. */
public final class BitFlips {
  private static final int MOST = 12;
  private static final int TRIES = 200;
  private static final String SHARDS = "containers";

  private final Map<Place, Byte> before = new LinkedHashMap<>();

  /** Labels, which promise to stand one flipped bit, that were flipped. */
  private final Set<Path> once = new HashSet<>();

  private record Place(Path drive, Path file, long offset) {}

  /** No flips so far. */
  public BitFlips() {}

  /** Flips some bits of a drive, in files of every kind. */
  public void flip(Path drive, Random random) throws IOException {
    Map<String, List<Path>> kinds = new LinkedHashMap<>();
    try (Stream<Path> all = Files.walk(drive)) {
      for (Path file : all.filter(Files::isRegularFile).sorted().toList()) {
        if (Files.size(file) > 0) {
          String kind = drive.relativize(file).getName(0).toString();
          kinds.computeIfAbsent(kind, _ -> new ArrayList<>()).add(file);
        }
      }
    }
    List<String> names = List.copyOf(kinds.keySet());
    for (int left = 1 + random.nextInt(MOST); left > 0 && !names.isEmpty(); left--) {
      String kind = random.nextBoolean() && kinds.containsKey(SHARDS) ? SHARDS : any(names, random);
      List<Path> files = kinds.getOrDefault(kind, List.of());
      Path file = random.nextBoolean() ? newest(files) : any(files, random);
      flip(drive, file, random);
    }
  }

  /** What was written last is what matters in a journal. */
  private static Path newest(List<Path> files) throws IOException {
    Path newest = files.getFirst();
    for (Path file : files) {
      if (Files.getLastModifiedTime(file).compareTo(Files.getLastModifiedTime(newest)) > 0) {
        newest = file;
      }
    }
    return newest;
  }

  private static <T> T any(List<T> list, Random random) {
    return list.get(random.nextInt(list.size()));
  }

  private void flip(Path drive, Path file, Random random) throws IOException {
    if (drive.equals(file.getParent()) && !once.add(file)) {
      return;
    }
    long offset = place(file, random);
    byte old = at(file, offset);
    before.putIfAbsent(new Place(drive, file, offset), old);
    try (RandomAccessFile open = new RandomAccessFile(file.toFile(), "rw")) {
      open.seek(offset);
      open.write(old ^ (1 << random.nextInt(Byte.SIZE)));
    }
  }

  /** Where there is something rather than zeros, which most of a journal is. */
  private static long place(Path file, Random random) throws IOException {
    long size = Files.size(file);
    long offset = random.nextLong(size);
    for (int i = 0; i < TRIES && at(file, offset) == 0; i++) {
      offset = random.nextLong(size);
    }
    return offset;
  }

  private static byte at(Path file, long offset) throws IOException {
    try (RandomAccessFile open = new RandomAccessFile(file.toFile(), "r")) {
      open.seek(offset);
      return open.readByte();
    }
  }

  /** Bits that were flipped. */
  public int count() {
    return before.size();
  }

  /** Shards that are still there and still wrong. */
  public List<String> left() throws IOException {
    List<String> left = new ArrayList<>();
    for (Map.Entry<Place, Byte> each : before.entrySet()) {
      Place place = each.getKey();
      boolean shard = place.drive().relativize(place.file()).startsWith(SHARDS);
      if (shard
          && Files.exists(place.file())
          && Files.size(place.file()) > place.offset()
          && at(place.file(), place.offset()) != each.getValue()) {
        left.add(place.file() + " at " + place.offset());
      }
    }
    return left;
  }
}
