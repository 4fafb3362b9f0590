package org.opendvx.core.codec;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.fuzz.Checks;
import org.opendvx.core.fuzz.FuzzTarget;

/** The wrapped key ring: what opens is what was wrapped. */
public final class KeyRingFuzz implements FuzzTarget {
  private final KeyEncryptionKey key = key();
  private final KeyRing ring = KeyRing.generate().withNewDataKey();

  /** Found by name. */
  public KeyRingFuzz() {}

  private static KeyEncryptionKey key() {
    try {
      Path folder = Files.createTempDirectory("dvx-fuzz");
      try {
        return KeyEncryptionKey.createFile(folder.resolve("key"));
      } finally {
        Files.deleteIfExists(folder.resolve("key"));
        Files.delete(folder);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public String name() {
    return "key-ring";
  }

  @Override
  public List<byte[]> seeds() {
    return List.of(ring.wrap(key), KeyRing.generate().wrap(key));
  }

  @Override
  public void repair(byte[] input) {
    Checks.putCrc(input, 0, input.length - 4, input.length - 4);
  }

  @Override
  public void check(byte[] input) {
    try (KeyRing opened = KeyRing.unwrap(input, key)) {
      Checks.holds(
          Set.of(1, 2).containsAll(opened.dataKeyIds()), "a forged ring was opened: " + opened);
    } catch (DvxException e) {
      Checks.holds(
          Set.of(Kind.CORRUPT, Kind.UNSUPPORTED, Kind.DENIED).contains(e.kind()),
          "refused as " + e.kind());
    }
  }
}
