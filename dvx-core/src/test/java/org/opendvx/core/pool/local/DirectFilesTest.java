package org.opendvx.core.pool.local;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DirectFilesTest {
  private static final int BYTES = 5 * Layout.BLOCK;

  @TempDir Path folder;

  private final byte[] content = content();

  private static byte[] content() {
    byte[] bytes = new byte[BYTES];
    new Random(7).nextBytes(bytes);
    return bytes;
  }

  private void write(DirectFiles files, Path file, ByteBuffer bytes) throws IOException {
    bytes.put(content).flip();
    try (DriveFile open = files.open(file, true)) {
      open.write(bytes, 0);
      open.force(true);
      assertEquals(BYTES, open.size());
    }
    assertArrayEquals(content, Files.readAllBytes(file));
  }

  @Test
  void whatIsWrittenIsThere() throws IOException {
    Path file = folder.resolve("shard");
    DirectFiles files = new DirectFiles(folder);
    write(files, file, Buffers.aligned(BYTES).limit(BYTES));
    ByteBuffer block = Buffers.aligned(Layout.BLOCK).limit(Layout.BLOCK);
    try (DriveFile open = files.open(file, false)) {
      open.write(block, 2L * Layout.BLOCK);
    }
    byte[] changed = content.clone();
    Arrays.fill(changed, 2 * Layout.BLOCK, 3 * Layout.BLOCK, (byte) 0);
    assertArrayEquals(changed, Files.readAllBytes(file));
  }

  @Test
  void whereTheFirstDirectWriteFailsItIsWrittenTheOrdinaryWayAndAllAfterIt() throws IOException {
    DirectFiles files = new DirectFiles(folder);
    for (int i = 0; i < 2; i++) {
      // Memory that does not begin on a block cannot be written directly.
      ByteBuffer unaligned = Buffers.aligned(BYTES + Layout.BLOCK).position(1).slice().limit(BYTES);
      write(files, folder.resolve("file" + i), unaligned);
    }
  }

  @Test
  void aMissingFileIsMissing() {
    DirectFiles files = new DirectFiles(folder);
    assertThrows(NoSuchFileException.class, () -> files.open(folder.resolve("none"), false));
  }

  @Test
  void buffersBeginOnABlock() {
    for (int bytes : new int[] {1, Layout.BLOCK, 70_000}) {
      ByteBuffer buffer = Buffers.aligned(bytes);
      assertEquals(0, buffer.alignmentOffset(0, Layout.BLOCK));
      assertEquals(0, buffer.capacity() % Layout.BLOCK);
    }
  }
}
