package org.opendvx.server.bench.engine;

import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.datastore.Caller;
import org.opendvx.core.datastore.Datastore;
import org.opendvx.core.datastore.FileKey;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;

/** Reads or writes of one size on one file, so many at once. Confined to one thread. */
final class Load {
  private static final long LIMIT_SECONDS = 600;
  private static final int CHUNK = 4096;

  /** Buckets of latencies: each is a 32nd wider than the one before. */
  private static final int BUCKETS = 1024;

  private static final double STEP = Math.log(33.0 / 32);
  private static final double NANOS = 1e9;
  private static final double MICROS = 1e3;

  private static final OperatingSystemMXBean SYSTEM =
      (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();

  private final Datastore store;
  private final FileKey file;
  private final int bytes;
  private final int depth;
  private final double compressibility;
  private final SplittableRandom random;
  private final Semaphore free;
  private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();

  /**
   * Nothing is done yet.
   *
   * @param bytes of each operation
   * @param depth operations at once
   * @param compressibility about so many times smaller each written chunk becomes; 1: not at all
   */
  Load(Datastore store, FileKey file, int bytes, int depth, double compressibility, long seed) {
    this.store = store;
    this.file = file;
    this.bytes = bytes;
    this.depth = depth;
    this.compressibility = compressibility;
    this.random = new SplittableRandom(seed);
    this.free = new Semaphore(depth);
  }

  /**
   * What came of it.
   *
   * @param processorMicros of the whole process for each operation, this load included
   * @param p50Micros of an operation
   */
  record Figures(
      long operations,
      double seconds,
      double perSecond,
      double processorMicros,
      double p50Micros,
      double p99Micros,
      double longestMicros) {}

  /** Writes at places until something holds; all are durable on return. */
  Figures write(LongSupplier places, BooleanSupplier end) {
    return run(places, end, true);
  }

  /** Reads at places until something holds. */
  Figures read(LongSupplier places, BooleanSupplier end) {
    return run(places, end, false);
  }

  private Figures run(LongSupplier places, BooleanSupplier end, boolean writes) {
    AtomicLongArray buckets = new AtomicLongArray(BUCKETS);
    long processor = SYSTEM.getProcessCpuTime();
    long start = System.nanoTime();
    long operations = 0;
    while (!end.getAsBoolean()) {
      acquire(1);
      long begun = System.nanoTime();
      var _ =
          begin(places.getAsLong(), writes)
              .whenComplete(
                  (_, problem) -> {
                    if (problem != null) {
                      failure.compareAndSet(null, problem);
                    }
                    buckets.incrementAndGet(bucket(System.nanoTime() - begun));
                    free.release();
                  });
      operations++;
    }
    acquire(depth);
    free.release(depth);
    double seconds = (System.nanoTime() - start) / NANOS;
    long used = SYSTEM.getProcessCpuTime() - processor;
    return new Figures(
        operations,
        seconds,
        operations / seconds,
        used / MICROS / Math.max(1, operations),
        quantile(buckets, operations, 0.5),
        quantile(buckets, operations, 0.99),
        quantile(buckets, operations, 1));
  }

  private CompletableFuture<?> begin(long place, boolean write) {
    ByteBuffer buffer = ByteBuffer.allocate(bytes);
    if (!write) {
      return store.read(Caller.SYSTEM, file, place, buffer);
    }
    int filled = (int) (CHUNK / compressibility) & -Long.BYTES;
    for (int chunk = 0; chunk < bytes; chunk += CHUNK) {
      for (int at = 0; at < filled && chunk + at < bytes; at += Long.BYTES) {
        buffer.putLong(chunk + at, random.nextLong());
      }
    }
    return store.write(Caller.SYSTEM, file, place, buffer, true);
  }

  private void acquire(int permits) {
    Throwable problem = failure.get();
    if (problem != null) {
      throw DvxException.of(Kind.INTERNAL, "An operation of the load failed")
          .causedBy(problem)
          .build();
    }
    try {
      if (!free.tryAcquire(permits, LIMIT_SECONDS, TimeUnit.SECONDS)) {
        throw DvxException.of(Kind.TIMEOUT, "An operation took more than " + LIMIT_SECONDS + " s")
            .build();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw DvxException.of(Kind.INTERNAL, "The load was interrupted").causedBy(e).build();
    }
  }

  private static int bucket(long nanos) {
    return Math.clamp(Math.round(Math.log((double) Math.max(1, nanos)) / STEP), 0, BUCKETS - 1);
  }

  private static double quantile(AtomicLongArray buckets, long count, double share) {
    long left = (long) Math.ceil(count * share);
    int at = 0;
    while (at < BUCKETS - 1 && left > buckets.get(at)) {
      left -= buckets.get(at);
      at++;
    }
    return Math.exp(at * STEP) / MICROS;
  }
}
