package org.opendvx.core.datastore;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.opendvx.core.clean.Cleaner;
import org.opendvx.core.clean.SteppedCleaner;
import org.opendvx.core.pool.local.DriveCareSettings;
import org.opendvx.core.pool.local.DriveFolder;
import org.opendvx.core.pool.local.FileSystemFolder;
import org.opendvx.core.pool.local.LocalPool;
import org.opendvx.core.pool.local.LocalPoolConfig;
import org.opendvx.core.testing.SharedFileSystem;

/** Another program fills the file system of the drives: deleting makes room all the same. */
@Timeout(300)
class FilledFromOutsideTest {
  private static final long SIZE = 6L << 30;
  private static final int DRIVES = 6;
  private static final int PIECE = 256 << 10;
  private static final int PIECES = 128;
  private static final long PATIENCE_SECONDS = 60;

  @TempDir private Path folder;

  /** The other program. */
  private interface Other {
    void fill() throws IOException, InterruptedException;

    void empty() throws IOException;
  }

  private LocalPoolConfig config(DriveFolder.Factory folders) {
    List<Path> roots = new ArrayList<>();
    for (int i = 0; i < DRIVES; i++) {
      roots.add(folder.resolve("on").resolve("drive" + i));
    }
    return LocalPoolConfig.of(roots)
        .withFolders(folders)
        .withJournal(4 << 20, 16)
        .withCare(DriveCareSettings.DEFAULT.withBallast(64L << 20, Duration.ZERO));
  }

  @Test
  void whatIsDeletedMakesRoomOnAFullFileSystem() throws Exception {
    runCounted();
  }

  private void runCounted() throws Exception {
    SharedFileSystem small = new SharedFileSystem(SIZE);
    Files.createDirectory(folder.resolve("on"));
    run(
        config(small::folder),
        new Other() {
          @Override
          public void fill() {
            small.fill(0);
          }

          @Override
          public void empty() {
            small.empty();
          }
        });
  }

  /** On a real one, where this may mount. */
  @Test
  void whatIsDeletedMakesRoomOnAFullExt4() throws Exception {
    Path image = folder.resolve("image");
    Path on = Files.createDirectory(folder.resolve("on"));
    boolean mounted =
        done("truncate", "-s", Long.toString(SIZE), image.toString())
            && done("mkfs.ext4", "-q", "-F", "-m", "0", image.toString())
            && done("mount", "-o", "loop", image.toString(), on.toString());
    if (!mounted) {
      // Without the right to mount, the same on files that are counted.
      Files.delete(on);
      runCounted();
      return;
    }
    try {
      Path filler = on.resolve("filler");
      run(
          config(FileSystemFolder::new),
          new Other() {
            @Override
            public void fill() throws IOException, InterruptedException {
              int files = 0;
              for (long bytes = SIZE; bytes >= 4096; ) {
                Path more = Path.of(filler + "." + files++);
                if (!done("fallocate", "-l", Long.toString(bytes), more.toString())) {
                  Files.deleteIfExists(more);
                  bytes /= 2;
                }
              }
              System.out.println("left: " + on.toFile().getUsableSpace());
            }

            @Override
            public void empty() throws IOException {
              try (var all = Files.newDirectoryStream(on, "filler.*")) {
                for (Path file : all) {
                  Files.delete(file);
                }
              }
            }
          });
    } finally {
      assertTrue(done("umount", on.toString()));
    }
  }

  private static boolean done(String... command) throws InterruptedException {
    try {
      Process process =
          new ProcessBuilder(command)
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .start();
      if (!process.waitFor(60, TimeUnit.SECONDS)) {
        process.destroyForcibly();
        return false;
      }
      return process.exitValue() == 0;
    } catch (IOException _) {
      return false;
    }
  }

  private void run(LocalPoolConfig config, Other other) throws Exception {
    long seed = System.nanoTime();
    System.out.println("seed " + seed);
    LocalPool.create(config);
    FileKey kept;
    try (LocalPool pool = LocalPool.open(config);
        TestStore store = TestStore.format(pool);
        Cleaner cleaner = SteppedCleaner.of(store.store.reclaim(), _ -> {})) {
      FileKey gone = store.file(FileKey.ROOT, "gone");
      kept = store.file(FileKey.ROOT, "kept");
      FileKey more = store.file(FileKey.ROOT, "more");
      write(store, gone, seed, PIECES);
      write(store, kept, seed + 1, PIECES);
      await("every drive has its ballast", () -> ballast() == DRIVES);
      cleaner.start();
      other.fill();
      FileException refused =
          assertThrows(FileException.class, () -> write(store, more, seed + 2, 4 * PIECES));
      System.out.println(refused.error() + ": " + refused.getMessage());
      assertTrue(
          refused.error() == FileError.NO_SPACE || refused.error() == FileError.BUSY,
          refused::toString);
      check(store, kept, seed + 1);
      other.fill();
      TestStore.get(store.store.remove(Caller.SYSTEM, FileKey.ROOT, TestStore.name("more")));
      TestStore.get(store.store.remove(Caller.SYSTEM, FileKey.ROOT, TestStore.name("gone")));
      // Deleting makes room by itself, once somebody needs it.
      await("there is room for a name", () -> made(store, "next").isPresent());
      FileKey next = store.lookup(FileKey.ROOT, "next");
      await("there is room again", () -> isWritten(store, next, seed + 3, 16));
      check(store, kept, seed + 1);
    }
    try (LocalPool pool = LocalPool.open(config);
        TestStore store = TestStore.open(pool)) {
      check(store, kept, seed + 1);
      other.empty();
      await("there is ballast again", () -> ballast() == DRIVES);
      // What file systems have is looked at twice a second.
      await("the pool knows of the room", () -> made(store, "last").isPresent());
      FileKey last = store.lookup(FileKey.ROOT, "last");
      await("there is room for more", () -> isWritten(store, last, seed + 4, PIECES));
      check(store, kept, seed + 1);
    }
  }

  private long ballast() {
    long found = 0;
    for (int i = 0; i < DRIVES; i++) {
      Path last = folder.resolve("on").resolve("drive" + i).resolve("ballast").resolve("0f");
      found += Files.exists(last) ? 1 : 0;
    }
    return found;
  }

  private static void write(TestStore store, FileKey file, long seed, int pieces) {
    Random random = new Random(seed);
    byte[] bytes = new byte[PIECE];
    for (int i = 0; i < pieces; i++) {
      random.nextBytes(bytes);
      store.write(file, (long) i * PIECE, bytes);
    }
  }

  private static Optional<FileKey> made(TestStore store, String name) {
    try {
      return Optional.of(store.file(FileKey.ROOT, name));
    } catch (FileException e) {
      System.out.println("not yet: " + e.getMessage());
      return Optional.empty();
    }
  }

  private static boolean isWritten(TestStore store, FileKey file, long seed, int pieces) {
    try {
      write(store, file, seed, pieces);
      return true;
    } catch (FileException e) {
      System.out.println("not yet: " + e.getMessage());
      return false;
    }
  }

  private static void check(TestStore store, FileKey file, long seed) {
    Random random = new Random(seed);
    byte[] bytes = new byte[PIECE];
    for (int i = 0; i < PIECES; i++) {
      random.nextBytes(bytes);
      assertArrayEquals(bytes, store.read(file, (long) i * PIECE, PIECE));
    }
  }

  private static void await(String what, BooleanSupplier condition) throws InterruptedException {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
    while (!condition.getAsBoolean()) {
      assertTrue(System.nanoTime() - end < 0, "did not happen: " + what);
      Thread.sleep(20);
    }
  }
}
