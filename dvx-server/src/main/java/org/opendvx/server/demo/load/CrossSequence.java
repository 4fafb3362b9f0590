package org.opendvx.server.demo.load;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;
import org.opendvx.server.bench.rpc.Nfs3;
import org.opendvx.server.bench.rpc.NfsException;
import org.opendvx.server.bench.rpc.NfsSession;
import org.opendvx.server.bench.rpc.Target;

/**
 * One sequence of dependent writes that goes from file to file in turn: write n+1 is sent after the
 * answer to write n, to the next file. Each file has a ring of slots that the sequence goes round
 * in. What an instant of all files must hold follows from its bytes alone.
 */
public final class CrossSequence implements AutoCloseable {
  /** Bytes of a slot. */
  public static final int BLOCK = 4096;

  /** Slots in each file. */
  public static final int SLOTS = 64;

  private static final long PATIENCE_MILLIS = 5;
  private static final Duration END = Duration.ofSeconds(40);

  private final Target target;
  private final List<Ring> rings;
  private final Thread thread;
  private volatile long issued;
  private volatile long acknowledged;
  private volatile boolean stopping;
  private volatile @Nullable Exception failure;

  /**
   * Where the sequence is in a file.
   *
   * @param folder from the export's root
   * @param file name in it
   * @param start where the slots begin, in bytes
   */
  public record Ring(String folder, String file, long start) {}

  /** A sequence over these files, not yet running. */
  public CrossSequence(Target target, List<Ring> rings) {
    this.target = target;
    this.rings = List.copyOf(rings);
    this.thread = Thread.ofPlatform().daemon().name("cross-sequence").unstarted(this::run);
  }

  /** Begins to write. */
  public void start() {
    thread.start();
  }

  /** The number of the last write that was sent; they count from 1. */
  public long issued() {
    return issued;
  }

  /** The number of the last write that was acknowledged. */
  public long acknowledged() {
    return acknowledged;
  }

  /** How many writes fill every slot once. */
  public long round() {
    return (long) rings.size() * SLOTS;
  }

  /** Throws what stopped the writer too early. */
  public void check() throws IOException {
    Exception failed = failure;
    if (failed != null) {
      throw new IOException("write " + issued + ": " + failed.getMessage(), failed);
    }
  }

  /** What write n puts into its slot. */
  static byte[] content(long n) {
    byte[] block = new byte[BLOCK];
    new SplittableRandom(n).nextBytes(block);
    ByteBuffer.wrap(block).putLong(n);
    return block;
  }

  private int ring(long n) {
    return (int) (n % rings.size());
  }

  private long offset(long n) {
    return rings.get(ring(n)).start() + n / rings.size() % SLOTS * BLOCK;
  }

  private void run() {
    try (NfsSession session = NfsSession.open(target)) {
      List<byte[]> files = handles(session, "");
      while (!stopping) {
        long n = issued + 1;
        issued = n;
        write(session, files.get(ring(n)), offset(n), content(n));
        acknowledged = n;
      }
    } catch (IOException | RuntimeException e) {
      failure = e;
    } catch (InterruptedException e) {
      failure = e;
      Thread.currentThread().interrupt();
    }
  }

  private List<byte[]> handles(NfsSession session, String before) throws IOException {
    List<byte[]> files = new ArrayList<>();
    for (Ring ring : rings) {
      files.addAll(
          View.find(session, ring.file(), before + ring.folder(), List.of(ring.file())).handles());
    }
    return files;
  }

  private static void write(NfsSession session, byte[] file, long offset, byte[] block)
      throws IOException, InterruptedException {
    while (true) {
      try {
        int taken = session.write(file, offset, block);
        if (taken != block.length) {
          throw new IOException("only " + taken + " of " + block.length + " bytes were taken");
        }
        return;
      } catch (NfsException e) {
        if (e.status() != Nfs3.ERR_JUKEBOX) {
          throw e;
        }
        Thread.sleep(PATIENCE_MILLIS);
      }
    }
  }

  /**
   * Looks whether views of the files are one instant: the newest write in them is M, and every slot
   * must hold the last write that went there up to M.
   *
   * @param folders where each file is seen, from the export's root, in the order of the rings
   * @param before writes that were acknowledged before the instant; all must be there
   * @param after writes that had been sent after it; no later one may be there
   * @return M
   */
  public long requireOneInstant(List<String> folders, long before, long after, Tally tally)
      throws IOException {
    byte[][] seen = new byte[(int) round()][];
    long newest = 0;
    try (NfsSession session = NfsSession.open(target)) {
      for (int ring = 0; ring < rings.size(); ring++) {
        Ring at = rings.get(ring);
        byte[] file =
            View.find(session, at.file(), folders.get(ring), List.of(at.file()))
                .handles()
                .getFirst();
        for (int slot = 0; slot < SLOTS; slot++) {
          byte[] block = session.read(file, at.start() + (long) slot * BLOCK, BLOCK);
          seen[slot * rings.size() + ring] = block;
          newest = Math.max(newest, block.length < 8 ? 0 : ByteBuffer.wrap(block).getLong());
        }
      }
    }
    if (newest < before || newest > after) {
      tally.mismatch(
          "The cut over both hypervisors ends with write %d; %d were acknowledged before, %d sent"
                  .formatted(newest, before, after)
              + " until it was there");
    }
    for (long n = Math.max(1, newest - round() + 1); n <= newest; n++) {
      tally.checked(BLOCK);
      if (!Arrays.equals(content(n), seen[(int) (n % round())])) {
        tally.mismatch("The cut over both hypervisors ends with " + newest + " and lacks " + n);
      }
    }
    return newest;
  }

  /** Lets the open write end and stops. */
  public void stop() {
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

  @Override
  public void close() {
    stop();
  }
}
