package org.opendvx.core.datastore;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.pool.local.LocalPool;
import org.opendvx.core.pool.local.LocalPoolConfig;

/** What a newer program wrote, with right checksums, is refused, and every file stays as it is. */
class NewerFormatTest {
  private static final int DRIVES = 4;
  private static final int NEWER = 9;
  private static final int BLOCK = 4096;
  private static final byte[] RECORD = magic("DVXR");
  private static final byte[] SEGMENT = magic("DVXJ");

  @TempDir private Path folder;
  private LocalPoolConfig config;
  private UUID pool;

  @BeforeEach
  void leaveAPoolBehind() {
    List<Path> drives = new ArrayList<>();
    for (int i = 0; i < DRIVES; i++) {
      drives.add(folder.resolve("drive" + i));
    }
    config = LocalPoolConfig.of(drives).withJournal(8 << 20, 2);
    LocalPool.create(config);
    try (LocalPool open = LocalPool.open(config)) {
      pool = open.id();
      TestStore store = TestStore.format(open);
      FileKey file = store.file(FileKey.ROOT, "f");
      for (int i = 0; i < 20; i++) {
        store.write(file, i * 5000L, new byte[] {1, 2, 3, (byte) i});
      }
      // As a killed process leaves it: the journal holds what is not in a checkpoint.
      store.store.halt();
    }
  }

  @Test
  void aLabel() throws IOException {
    Path label = folder.resolve("drive2/drive");
    bump(label, 0, BLOCK - 4, 0);
    bump(label, BLOCK, BLOCK - 4, 0);
    refusedUntouched();
  }

  @Test
  void aRecordOfTheRegister() throws IOException {
    Path record = firstOf(folder.resolve("drive1/records"), RECORD);
    bump(record, 0, 44, 0);
    refusedUntouched();
  }

  @Test
  void everyCopyOfEveryRecord() throws IOException {
    for (Path file : files()) {
      if (file.toString().endsWith(".rec")) {
        bump(file, 0, 44, 0);
      }
    }
    refusedUntouched();
  }

  @Test
  void theManifestOfAJournal() throws IOException {
    for (Path file : files()) {
      if (file.getFileName().toString().contains("journal") && file.toString().endsWith(".rec")) {
        changeValue(file, value -> value[1] = NEWER);
      }
    }
    refusedUntouched();
  }

  @Test
  void theRootRecord() throws IOException {
    for (Path file : files()) {
      if (file.getFileName().toString().endsWith("_root.rec")) {
        changeValue(
            file,
            value -> {
              value[5] = NEWER;
              int at = value.length - 4;
              ByteBuffer.wrap(value).putInt(at, crc(value, 0, at));
            });
      }
    }
    refusedUntouched();
  }

  @Test
  void theHeaderOfAJournalSegment() throws IOException {
    bump(firstOf(folder.resolve("drive0/journal"), SEGMENT), 0, BLOCK - 4, seed());
    refusedUntouched();
  }

  @Test
  void aFrameOfTheJournal() throws IOException {
    bump(firstOf(folder.resolve("drive0/journal"), SEGMENT), BLOCK, 60, seed());
    refusedUntouched();
  }

  @Test
  void aBatchOfTheJournal() throws IOException {
    for (Path file : files()) {
      byte[] bytes = Files.readAllBytes(file);
      if (!file.toString().endsWith(".seg") || !Arrays.equals(SEGMENT, Arrays.copyOf(bytes, 4))) {
        continue;
      }
      int data = BLOCK + 64;
      int length = ByteBuffer.wrap(bytes).getInt(BLOCK + 20);
      bytes[data + 5] = NEWER;
      ByteBuffer.wrap(bytes).putInt(BLOCK + 56, crc(bytes, data, length));
      sign(bytes, BLOCK, 60, seed());
      Files.write(file, bytes);
    }
    refusedUntouched();
  }

  /** What the start of a node does before it opens a pool, and then the opening itself. */
  private void refusedUntouched() throws IOException {
    Map<Path, byte[]> before = contents();
    DvxException refusal = assertThrows(DvxException.class, this::look);
    assertEquals(Kind.UNSUPPORTED, refusal.kind(), refusal::render);
    assertFalse(refusal.report().cause().isEmpty(), refusal::render);
    assertFalse(refusal.report().remedy().isEmpty(), refusal::render);
    unchanged(before);
  }

  private void look() {
    String root = DvxDatastore.rootRecord(TestStore.HOST);
    Map<String, byte[]> records = LocalPool.peek(config, List.of(root), DvxDatastore::checkBatch);
    byte[] value = records.get(root);
    if (value == null) {
      throw new AssertionError("the root record was not found");
    }
    DvxDatastore.checkFormat(value);
  }

  private void unchanged(Map<Path, byte[]> before) throws IOException {
    Map<Path, byte[]> after = contents();
    assertEquals(before.keySet(), after.keySet());
    before.forEach((file, bytes) -> assertArrayEquals(bytes, after.get(file), file::toString));
  }

  private Map<Path, byte[]> contents() throws IOException {
    Map<Path, byte[]> contents = new TreeMap<>();
    for (Path file : files()) {
      contents.put(file, Files.readAllBytes(file));
    }
    return contents;
  }

  private List<Path> files() throws IOException {
    try (var files = Files.walk(folder)) {
      return files.filter(Files::isRegularFile).sorted().toList();
    }
  }

  private Path firstOf(Path below, byte[] magic) throws IOException {
    for (Path file : files()) {
      if (file.startsWith(below)
          && Arrays.equals(magic, Arrays.copyOf(Files.readAllBytes(file), 4))) {
        return file;
      }
    }
    throw new AssertionError("no such file below " + below);
  }

  /** Raises the version of a structure that begins at a place, and sets its checksum right. */
  private static void bump(Path file, int start, int crcAt, long seed) throws IOException {
    byte[] bytes = Files.readAllBytes(file);
    assertEquals(1, bytes[start + 5]);
    bytes[start + 5] = NEWER;
    sign(bytes, start, crcAt, seed);
    Files.write(file, bytes);
  }

  private static void sign(byte[] bytes, int start, int crcAt, long seed) {
    CRC32C crc = new CRC32C();
    for (int i = 0; seed != 0 && i < Long.BYTES; i++) {
      crc.update((int) (seed >>> (i * Byte.SIZE)));
    }
    crc.update(bytes, start, crcAt);
    ByteBuffer.wrap(bytes).putInt(start + crcAt, (int) crc.getValue());
  }

  /** Journal checksums begin with the pool's identity. */
  private long seed() {
    return pool.getMostSignificantBits() ^ Long.rotateLeft(pool.getLeastSignificantBits(), 1);
  }

  private interface Edit {
    void change(byte[] value);
  }

  /** Changes a record's value and sets the file's checksums right. */
  private static void changeValue(Path record, Edit edit) throws IOException {
    byte[] file = Files.readAllBytes(record);
    ByteBuffer bytes = ByteBuffer.wrap(file);
    int at = 48 + bytes.getShort(6);
    byte[] value = Arrays.copyOfRange(file, at, file.length);
    edit.change(value);
    bytes.put(at, value);
    bytes.putInt(40, crc(file, 48, file.length - 48));
    sign(file, 0, 44, 0);
    Files.write(record, file);
  }

  private static int crc(byte[] bytes, int from, int length) {
    CRC32C crc = new CRC32C();
    crc.update(bytes, from, length);
    return (int) crc.getValue();
  }

  private static byte[] magic(String text) {
    return text.getBytes(java.nio.charset.StandardCharsets.US_ASCII);
  }
}
