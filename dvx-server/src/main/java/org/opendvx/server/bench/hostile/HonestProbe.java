package org.opendvx.server.bench.hostile;

import java.io.IOException;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;
import org.opendvx.server.bench.rpc.NfsSession;
import org.opendvx.server.bench.rpc.Target;

/** An honest client beside the attack: it reads a block that it wrote and compares. */
final class HonestProbe implements AutoCloseable {
  private static final String NAME = "dvx-honest";
  private static final int SIZE = 4096;

  private final Target target;
  private final byte[] content = new byte[SIZE];
  private @Nullable NfsSession session;
  private byte[] handle = {};
  private long count;
  private long failures;
  private long slowestNanos;
  private String lastFailure = "";

  HonestProbe(Target target, long seed) {
    this.target = target;
    new SplittableRandom(seed).nextBytes(content);
  }

  /** Mounts, and writes the block. */
  void begin() throws IOException {
    NfsSession opened = opened();
    handle = opened.create(opened.root(), NAME).handle();
    if (opened.write(handle, 0, content) != SIZE) {
      throw new IOException("the server took less than a block");
    }
  }

  /** Reads the block once. */
  void check() {
    count++;
    long began = System.nanoTime();
    try {
      byte[] found = opened().read(handle, 0, SIZE);
      if (!Arrays.equals(found, content)) {
        failed("other bytes were read than were written");
      }
    } catch (IOException e) {
      failed(String.valueOf(e.getMessage()));
      disconnect();
    }
    slowestNanos = Math.max(slowestNanos, System.nanoTime() - began);
  }

  /** Mounts anew, writes, reads and removes the block: whether the server still works. */
  boolean worksAfterwards() {
    disconnect();
    try {
      NfsSession fresh = opened();
      fresh.ping();
      fresh.limits();
      boolean same = Arrays.equals(fresh.read(handle, 0, SIZE), content);
      begin();
      fresh.remove(fresh.root(), NAME);
      if (!same) {
        failed("the block has changed");
      }
      return same;
    } catch (IOException e) {
      failed(String.valueOf(e.getMessage()));
      return false;
    }
  }

  private void failed(String why) {
    failures++;
    lastFailure = why;
  }

  private NfsSession opened() throws IOException {
    NfsSession open = session;
    if (open == null) {
      open = NfsSession.open(target);
      session = open;
    }
    return open;
  }

  long count() {
    return count;
  }

  long failures() {
    return failures;
  }

  String lastFailure() {
    return lastFailure;
  }

  double slowestMillis() {
    return slowestNanos / 1e6;
  }

  @Override
  public void close() {
    disconnect();
  }

  /** Gives the connection up; the next check opens another. */
  void disconnect() {
    NfsSession open = session;
    session = null;
    if (open != null) {
      try {
        open.close();
      } catch (IOException e) {
        lastFailure = String.valueOf(e.getMessage());
      }
    }
  }
}
