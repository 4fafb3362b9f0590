package org.opendvx.core.datastore;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.Random;
import org.junit.jupiter.api.Test;

/** A file that comes back to a root that has not yet noted that it gave it away. */
class OwnershipReturnTest {
  @Test
  void whatCameBackIsNotForgottenByTheNoteThatItWentAway() {
    byte[] content = new byte[4096];
    new Random(3).nextBytes(content);
    try (TestStore store = TestStore.fresh()) {
      FileKey file = store.file(FileKey.ROOT, "disk");
      store.write(file, 0, content);
      Ownership ownership = store.store.ownership();
      byte[] parcel = ownership.stop(file.file());
      // Another root had it for a moment, and the note is still to come: it must come first.
      FileException early =
          assertThrows(FileException.class, () -> ownership.take(file.file(), parcel, 3));
      assertEquals(FileError.BUSY, early.error());
      ownership.given(file.file(), 2);
      ownership.take(file.file(), parcel, 3);
      ownership.resume(file.file());
      assertArrayEquals(content, store.read(file, 0, content.length));
    }
  }
}
