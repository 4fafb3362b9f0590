package org.opendvx.core.pool;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FreeSpaceTest {
  @TempDir Path folder;

  @Test
  void toldWhereAFolderIs() throws Exception {
    assertTrue(FreeSpace.usableBytes(folder) > 0);
  }

  @Test
  void aFolderThatIsGoneIsNotTakenForAFullOne() {
    assertThrows(
        NoSuchFileException.class, () -> FreeSpace.usableBytes(folder.resolve("not-there")));
  }
}
