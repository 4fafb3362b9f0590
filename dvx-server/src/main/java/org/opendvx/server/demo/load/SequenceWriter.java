package org.opendvx.server.demo.load;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.opendvx.server.bench.pattern.BlockPattern;
import org.opendvx.server.bench.pattern.PatternSettings;
import org.opendvx.server.bench.rpc.Nfs3;
import org.opendvx.server.bench.rpc.NfsException;
import org.opendvx.server.bench.rpc.NfsSession;
import org.opendvx.server.bench.rpc.Target;

/**
 * Writes one dependent sequence over one connection, FILE_SYNC, each write after the answer to the
 * one before, on a thread of its own, until it is closed.
 */
final class SequenceWriter implements AutoCloseable {
  private static final long PATIENCE_MILLIS = 5;
  private static final Duration END = Duration.ofSeconds(40);

  private final SequencePlan plan;
  private final PatternSettings pattern;
  private final List<byte[]> disks;
  private final WriteTimes times = new WriteTimes();
  private final Thread thread;
  private volatile long issued;
  private volatile long acknowledged;
  private volatile boolean stopping;
  private volatile @Nullable Exception failure;

  SequenceWriter(SequencePlan plan, PatternSettings pattern, List<byte[]> disks, Target target) {
    this.plan = plan;
    this.pattern = pattern;
    this.disks = List.copyOf(disks);
    this.thread =
        Thread.ofPlatform()
            .daemon()
            .name("sequence-" + plan.sequence())
            .unstarted(() -> run(target));
  }

  void start() {
    thread.start();
  }

  SequencePlan plan() {
    return plan;
  }

  /** The number of the last write that was sent. */
  long issued() {
    return issued;
  }

  /** The number of the last write that was acknowledged. */
  long acknowledged() {
    return acknowledged;
  }

  WriteTimes times() {
    return times;
  }

  /** Throws what stopped the writer too early. */
  void check() throws IOException {
    Exception failed = failure;
    if (failed != null) {
      throw new IOException(
          "write " + issued + " of sequence " + plan.sequence() + ": " + failed.getMessage(),
          failed);
    }
  }

  private void run(Target target) {
    try (NfsSession session = NfsSession.open(target)) {
      BlockPattern content = new BlockPattern(pattern);
      while (!stopping) {
        long n = issued + 1;
        SequencePlan.Place place = plan.place(n);
        ByteBuffer data = ByteBuffer.allocate(place.length());
        content.fill(
            data, place.disk(), place.offset(), SequencePlan.generation(n), place.length());
        issued = n;
        write(session, place, data.array());
        acknowledged = n;
      }
    } catch (IOException | RuntimeException e) {
      failure = e;
    } catch (InterruptedException e) {
      failure = e;
      Thread.currentThread().interrupt();
    }
  }

  private void write(NfsSession session, SequencePlan.Place place, byte[] data)
      throws IOException, InterruptedException {
    long sent = System.nanoTime();
    while (true) {
      try {
        int taken = session.write(disks.get(place.disk()), place.offset(), data);
        if (taken != data.length) {
          throw new IOException("only " + taken + " of " + data.length + " bytes were taken");
        }
        times.add(sent, System.nanoTime());
        return;
      } catch (NfsException e) {
        if (e.status() != Nfs3.ERR_JUKEBOX) {
          throw e;
        }
        Thread.sleep(PATIENCE_MILLIS);
      }
    }
  }

  /** Lets the open write end and stops. */
  @Override
  public void close() {
    stopping = true;
    try {
      if (thread.isAlive() && !thread.join(END)) {
        thread.interrupt();
        failure = new IOException("it did not stop");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
