package org.opendvx.core.pool.local;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;

class ContainerIndexTest {
  @Test
  void noContainerHasTheNumberOfAnEmptyPlace() {
    ContainerIndex index = new ContainerIndex();
    assertNull(index.get(0));
    assertNull(index.remove(0));
    assertEquals(0, index.size());
    assertArrayEquals(new long[0], index.sortedIds());
  }

  @Test
  void deletingOrReadingItChangesNothingInThePool() {
    try (MemoryDrives drives = new MemoryDrives(3)) {
      LocalPool pool = drives.pool();
      pool.containers().put(SimPool.EPOCH, 7, new byte[5000], 5000);
      assertEquals(
          Kind.NOT_FOUND,
          assertThrows(DvxException.class, () -> pool.containers().read(0, 0, 0, new byte[1], 0))
              .kind());
      assertEquals(
          Kind.INVALID,
          assertThrows(DvxException.class, () -> pool.containers().delete(SimPool.EPOCH, 0))
              .kind());
      assertEquals(1, pool.status().containers());
    }
  }
}
