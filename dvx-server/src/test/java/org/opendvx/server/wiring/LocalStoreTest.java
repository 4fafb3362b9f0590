package org.opendvx.server.wiring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.server.config.ConfigLoader;
import org.opendvx.server.config.NodeConfig;
import org.opendvx.server.node.DataFolder;

/** Opening the store on real drive folders. */
class LocalStoreTest {
  @Test
  void aWrongKeyChangesNothing(@TempDir Path data) throws IOException {
    NodeConfig config = ConfigLoader.defaults();
    try (DataFolder folder = DataFolder.open(data)) {
      LocalStore.open(config, folder).close();
      Path key = folder.keyFile();
      byte[] good = Files.readAllBytes(key);
      byte[] wrong = good.clone();
      wrong[7] ^= 1;
      Files.write(key, wrong);
      Map<Path, Integer> before = contents(data);
      DvxException e = assertThrows(DvxException.class, () -> LocalStore.open(config, folder));
      assertEquals(Kind.DENIED, e.kind());
      assertEquals(before, contents(data));
      Files.write(key, good);
      LocalStore.open(config, folder).close();
    }
  }

  private static Map<Path, Integer> contents(Path data) throws IOException {
    Map<Path, Integer> contents = new TreeMap<>();
    try (Stream<Path> files = Files.walk(data)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        contents.put(file, Arrays.hashCode(Files.readAllBytes(file)));
      }
    }
    return contents;
  }
}
