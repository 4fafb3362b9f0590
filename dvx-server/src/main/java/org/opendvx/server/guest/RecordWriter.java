package org.opendvx.server.guest;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;

/**
 * Appends numbered records to a file, each one synced before the next: what was acknowledged must
 * be in every later cut. Its thread stands still while the file system is frozen.
 */
public final class RecordWriter {
  private static final String NAME = "records";
  private static final Duration STEP = Duration.ofMillis(5);
  private static final Duration LIMIT = Duration.ofSeconds(60);

  private final Path file;
  private final Duration pause;
  private final AtomicLong acknowledged = new AtomicLong();
  private final AtomicLong longest = new AtomicLong();
  private final AtomicReference<IOException> failure = new AtomicReference<>();
  private final Thread thread;
  private volatile boolean stopped;

  private RecordWriter(Path file, Duration pause) {
    this.file = file;
    this.pause = pause;
    this.thread = Thread.ofPlatform().daemon().name("records-" + file).start(this::write);
  }

  /**
   * Starts.
   *
   * @param pause between two records
   */
  public static RecordWriter start(GuestFileSystem system, Duration pause) {
    return new RecordWriter(system.point().resolve(NAME), pause);
  }

  private void write() {
    try (FileChannel out =
        FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.APPEND)) {
      while (!stopped) {
        long number = acknowledged.get() + 1;
        long start = System.nanoTime();
        ByteBuffer record =
            ByteBuffer.wrap(
                String.format(Locale.ROOT, "%011d%n", number).getBytes(StandardCharsets.US_ASCII));
        while (record.hasRemaining()) {
          out.write(record);
        }
        out.force(false);
        longest.accumulateAndGet(System.nanoTime() - start, Math::max);
        acknowledged.set(number);
        Thread.sleep(pause);
      }
    } catch (IOException e) {
      failure.set(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** The number of the last record that was synced. */
  public long acknowledged() {
    return acknowledged.get();
  }

  /** The longest write since the last call, in nanoseconds. */
  public long takeLongest() {
    return longest.getAndSet(0);
  }

  /** Waits until a record after this one is synced; returns how long that took. */
  public Duration awaitAfter(long number, Duration limit) throws IOException, InterruptedException {
    long start = System.nanoTime();
    while (acknowledged.get() <= number) {
      IOException failed = failure.get();
      if (failed != null) {
        throw new IOException("no more records: " + failed.getMessage(), failed);
      }
      if (System.nanoTime() - start > limit.toNanos()) {
        throw new IOException("no write came through in " + limit.toMillis() + " ms");
      }
      Thread.sleep(STEP);
    }
    return Duration.ofNanos(System.nanoTime() - start);
  }

  /**
   * Reads the records of a mounted cut.
   *
   * @return the number of the last one
   * @throws IOException also when one is missing or wrong
   */
  static long last(Path mounted) throws IOException {
    List<String> lines = Files.readAllLines(mounted.resolve(NAME), StandardCharsets.US_ASCII);
    for (int i = 0; i < lines.size(); i++) {
      if (!lines.get(i).equals(String.format(Locale.ROOT, "%011d", i + 1))) {
        throw new IOException("record " + (i + 1) + " reads '" + lines.get(i) + "'");
      }
    }
    return lines.size();
  }

  /** Stops; the file system must have been thawed. */
  public void close() throws InterruptedException {
    stopped = true;
    thread.join(LIMIT);
  }
}
