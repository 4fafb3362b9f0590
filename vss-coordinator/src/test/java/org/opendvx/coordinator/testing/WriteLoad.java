package org.opendvx.coordinator.testing;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;
import org.opendvx.core.datastore.Caller;
import org.opendvx.core.datastore.Datastore;
import org.opendvx.core.datastore.FileKey;

/** A few clients that write to one file at random, each block durable before the next. */
public final class WriteLoad implements AutoCloseable {
  private static final int CLIENTS = 4;
  private static final int BLOCK = 4 << 10;
  private static final int BLOCKS = 16 << 10;
  private static final long SEED = 7;

  private final List<Thread> threads = new ArrayList<>();
  private final AtomicLong written = new AtomicLong();
  private volatile boolean over;

  WriteLoad(Datastore datastore, FileKey file) {
    for (int client = 0; client < CLIENTS; client++) {
      Random random = new Random(SEED + client);
      threads.add(Thread.ofVirtual().start(() -> run(datastore, file, random)));
    }
  }

  private void run(Datastore datastore, FileKey file, Random random) {
    byte[] block = new byte[BLOCK];
    while (!over) {
      random.nextBytes(block);
      long at = (long) random.nextInt(BLOCKS) * BLOCK;
      Object _ = datastore.write(Caller.SYSTEM, file, at, ByteBuffer.wrap(block), true).join();
      written.incrementAndGet();
    }
  }

  /** How many blocks were written. */
  public long written() {
    return written.get();
  }

  @Override
  public void close() {
    over = true;
    for (Thread thread : threads) {
      try {
        thread.join();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
