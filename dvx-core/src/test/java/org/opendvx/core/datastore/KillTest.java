package org.opendvx.core.datastore;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.opendvx.core.codec.KeyEncryptionKey;
import org.opendvx.core.codec.KeyRing;
import org.opendvx.core.pool.local.LocalPool;

/**
 * A process on real folders is killed with SIGKILL, again and again: everything that it had told of
 * is there, and nothing is torn.
 */
class KillTest {
  private static final int ROUNDS = Integer.getInteger("dvx.test.kills", 4);

  @TempDir Path folder;

  /** What a place of a writer's file held when it was told of last. */
  private final Map<Integer, long[]> written = new HashMap<>();

  @Test
  void acknowledgedWritesSurviveSigkill() throws Exception {
    long seed = Long.getLong("dvx.test.seed", 1);
    format();
    for (int round = 1; round <= ROUNDS; round++) {
      List<String> names = killedRun(seed + round);
      long start = System.nanoTime();
      LocalPool pool = LocalPool.open(KillVictim.config(folder));
      try (TestStore store = TestStore.over(open(pool), pool)) {
        long millis = (System.nanoTime() - start) / 1_000_000;
        assertTrue(millis < 60_000, "serving after " + millis + " ms");
        check(store, "seed " + seed + ", round " + round);
        names.forEach(name -> store.lookup(FileKey.ROOT, name));
      } finally {
        pool.close();
      }
    }
  }

  private DvxDatastore open(LocalPool pool) {
    return DvxDatastore.open(
        pool, KillVictim.keys(folder), DatastoreSettings.DEFAULT, TestStore.HOST);
  }

  private void format() throws IOException {
    KeyRing ring = KeyRing.generate();
    try (KeyEncryptionKey key = KeyEncryptionKey.createFile(folder.resolve("key"))) {
      java.nio.file.Files.write(folder.resolve("ring"), ring.wrap(key));
    }
    for (Path drive : KillVictim.config(folder).roots()) {
      java.nio.file.Files.createDirectories(drive);
    }
    var _ = LocalPool.create(KillVictim.config(folder));
    LocalPool pool = LocalPool.open(KillVictim.config(folder));
    DvxDatastore store =
        DvxDatastore.format(
            pool, KillVictim.keys(folder), DatastoreSettings.DEFAULT, TestStore.HOST);
    try (TestStore files = TestStore.over(store, pool)) {
      for (int i = 0; i < KillVictim.WRITERS; i++) {
        files.file(FileKey.ROOT, "w" + i);
        written.put(i, new long[KillVictim.BLOCKS]);
      }
    }
    pool.close();
  }

  /** Runs a process, kills it at a random moment, and notes what it told of. */
  private List<String> killedRun(long seed) throws Exception {
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--add-modules",
                "jdk.incubator.vector",
                "--enable-native-access=ALL-UNNAMED",
                "-Xmx512m",
                "-cp",
                System.getProperty("java.class.path"),
                KillVictim.class.getName(),
                folder.toString(),
                Long.toString(seed))
            .redirectError(folder.resolve("victim.log").toFile())
            .start();
    List<String> names = new java.util.ArrayList<>();
    int told = 0;
    try (BufferedReader lines = process.inputReader(StandardCharsets.UTF_8)) {
      int wanted = 50 + new Random(seed).nextInt(400);
      String line;
      while ((line = lines.readLine()) != null) {
        if (++told == wanted) {
          // The process goes on while this happens; what it still tells is read below.
          assertTrue(process.toHandle().destroyForcibly());
        }
        note(line, names);
      }
    } finally {
      process.destroyForcibly();
    }
    assertTrue(process.waitFor(30, TimeUnit.SECONDS));
    assertTrue(
        told > 40,
        () -> {
          try {
            return java.nio.file.Files.readString(folder.resolve("victim.log"));
          } catch (IOException e) {
            return "the process did nothing: " + e;
          }
        });
    return names;
  }

  /** A line that was cut off has no full stop. */
  private void note(String line, List<String> names) {
    String[] words = line.split(" ", -1);
    if (words[0].equals("W") && words.length == 5) {
      long[] values = written.get(Integer.parseInt(words[1]));
      assertTrue(values != null);
      if (values != null) {
        values[Integer.parseInt(words[2])] = Long.parseLong(words[3]);
      }
    } else if (words[0].equals("N") && words.length == 3) {
      names.add(words[1]);
    }
  }

  private void check(TestStore store, String where) {
    written.forEach(
        (writer, values) -> {
          FileKey file = store.lookup(FileKey.ROOT, "w" + writer);
          for (int block = 0; block < values.length; block++) {
            byte[] read = store.read(file, KillVictim.place(block), KillVictim.LENGTH);
            if (read.length < Long.BYTES || ByteBuffer.wrap(read).getLong() == 0) {
              assertEquals(0, values[block], where + ": block " + block + " of " + writer);
              continue;
            }
            long found = ByteBuffer.wrap(read).getLong();
            assertTrue(
                found >= values[block], where + ": " + found + " is older than " + values[block]);
            assertArrayEquals(KillVictim.content(writer, block, found), read, where);
            values[block] = found;
          }
        });
  }
}
