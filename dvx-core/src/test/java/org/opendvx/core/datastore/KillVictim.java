package org.opendvx.core.datastore;

import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.opendvx.core.codec.KeyEncryptionKey;
import org.opendvx.core.codec.KeyRing;
import org.opendvx.core.pool.local.LocalPool;
import org.opendvx.core.pool.local.LocalPoolConfig;

/** The process that {@link KillTest} kills: writes, and prints what was acknowledged. */
final class KillVictim {
  static final int WRITERS = 3;
  static final int BLOCKS = 64;
  static final int LENGTH = 6000;
  private static final int DRIVES = 6;

  private KillVictim() {}

  static LocalPoolConfig config(Path folder) {
    List<Path> drives = new ArrayList<>();
    for (int i = 0; i < DRIVES; i++) {
      drives.add(folder.resolve("drive" + i));
    }
    return LocalPoolConfig.of(drives).withJournal(8 << 20, 6);
  }

  static KeyRing keys(Path folder) {
    try (KeyEncryptionKey key = KeyEncryptionKey.fromFile(folder.resolve("key"))) {
      return KeyRing.unwrap(java.nio.file.Files.readAllBytes(folder.resolve("ring")), key);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The content of the n-th write of a writer to a place: tells which one it is. */
  static byte[] content(int writer, int block, long n) {
    byte[] bytes = new byte[LENGTH];
    new Random(writer * 1_000_003L + block * 31L + n * 7_919L).nextBytes(bytes);
    ByteBuffer.wrap(bytes).putLong(0, n);
    return bytes;
  }

  static long place(int block) {
    return block * 10_000L;
  }

  /** Arguments: the folder, a seed. Runs until it is killed. */
  public static void main(String[] arguments) throws InterruptedException {
    Path folder = Path.of(arguments[0]);
    long seed = Long.parseLong(arguments[1]);
    PrintStream out = System.out;
    LocalPool pool = LocalPool.open(config(folder));
    DvxDatastore store =
        DvxDatastore.open(pool, keys(folder), DatastoreSettings.DEFAULT, TestStore.HOST);
    List<Thread> writers = new ArrayList<>();
    for (int i = 0; i < WRITERS; i++) {
      int writer = i;
      writers.add(Thread.ofPlatform().start(() -> write(store, writer, seed, out)));
    }
    writers.add(Thread.ofPlatform().start(() -> make(store, seed, out)));
    Thread checkpoints =
        Thread.ofPlatform()
            .start(
                () -> {
                  while (true) {
                    store.checkpoint();
                  }
                });
    writers.add(checkpoints);
    for (Thread thread : writers) {
      thread.join();
    }
  }

  private static void write(DvxDatastore store, int writer, long seed, PrintStream out) {
    Random random = new Random(seed + writer);
    FileKey file =
        TestStore.get(store.lookup(Caller.SYSTEM, FileKey.ROOT, TestStore.name("w" + writer)))
            .key();
    for (long n = seed << 32; ; n++) {
      int block = random.nextInt(BLOCKS);
      boolean stable = n % 3 > 0;
      ByteBuffer bytes = ByteBuffer.wrap(content(writer, block, n));
      TestStore.get(store.write(Caller.SYSTEM, file, place(block), bytes, stable));
      if (!stable) {
        TestStore.get(store.commit(file));
      }
      out.println("W " + writer + " " + block + " " + n + " .");
    }
  }

  private static void make(DvxDatastore store, long seed, PrintStream out) {
    for (int n = 0; ; n++) {
      byte[] name = TestStore.name("n-" + seed + "-" + n);
      TestStore.get(
          store.create(
              Caller.SYSTEM,
              FileKey.ROOT,
              TestStore.name("tmp"),
              Datastore.NewFile.regular(AttributeChange.mode(0644)),
              new Datastore.Existing.Use()));
      TestStore.get(
          store.rename(Caller.SYSTEM, FileKey.ROOT, TestStore.name("tmp"), FileKey.ROOT, name));
      out.println("N " + new String(name, java.nio.charset.StandardCharsets.UTF_8) + " .");
    }
  }
}
