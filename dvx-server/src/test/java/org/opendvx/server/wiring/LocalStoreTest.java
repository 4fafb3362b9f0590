package org.opendvx.server.wiring;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.opendvx.core.clean.ResealStatus;
import org.opendvx.core.datastore.AttributeChange;
import org.opendvx.core.datastore.Caller;
import org.opendvx.core.datastore.Datastore;
import org.opendvx.core.datastore.FileKey;
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

  /** Sealed anew in the background, by the cleaner as a node runs it. */
  @Test
  @Timeout(240)
  void aNewDataKeyTakesThePlaceOfTheOldOneWhileTheNodeServes(@TempDir Path data) throws Exception {
    NodeConfig config = ConfigLoader.defaults();
    byte[] bytes = new byte[1 << 20];
    new Random(7).nextBytes(bytes);
    try (DataFolder folder = DataFolder.open(data)) {
      FileKey file;
      try (LocalStore store = LocalStore.open(config, folder)) {
        file = create(store.datastore());
        write(store.datastore(), file, bytes);
        assertEquals(2, store.renewDataKey());
        assertEquals(Set.of(1, 2), status(store).keyIds());
        while (status(store).active()) {
          Thread.sleep(200);
        }
        assertEquals(Set.of(2), status(store).keyIds());
        assertEquals(0, status(store).containersLeft());
        assertArrayEquals(bytes, read(store.datastore(), file));
      }
      try (LocalStore store = LocalStore.open(config, folder)) {
        assertEquals(Set.of(2), status(store).keyIds());
        assertArrayEquals(bytes, read(store.datastore(), file));
        // What locks the ring is not there: said, and nothing is changed.
        Path key = folder.keyFile();
        Files.move(key, data.resolve("aside"));
        assertEquals(Kind.NOT_FOUND, assertThrows(DvxException.class, store::renewDataKey).kind());
        assertEquals(Set.of(2), status(store).keyIds());
      }
    }
  }

  private static ResealStatus status(LocalStore store) {
    return store.sealing().orElseThrow();
  }

  private static FileKey create(Datastore store) {
    return store
        .create(
            Caller.SYSTEM,
            FileKey.ROOT,
            new byte[] {'f'},
            Datastore.NewFile.regular(AttributeChange.mode(0600)),
            new Datastore.Existing.Refuse())
        .join()
        .key();
  }

  private static void write(Datastore store, FileKey file, byte[] bytes) {
    Object _ = store.write(Caller.SYSTEM, file, 0, ByteBuffer.wrap(bytes), true).join();
  }

  private static byte[] read(Datastore store, FileKey file) {
    byte[] bytes = new byte[1 << 20];
    Object _ = store.read(Caller.SYSTEM, file, 0, ByteBuffer.wrap(bytes)).join();
    return bytes;
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
