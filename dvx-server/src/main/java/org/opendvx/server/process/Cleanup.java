package org.opendvx.server.process;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.function.Consumer;

/**
 * Undoes what was done, the last thing first, whatever happens: at the end, after a failure, or
 * when the JVM is told to stop. Thread-safe.
 */
public final class Cleanup implements AutoCloseable {
  private final Consumer<String> complaints;
  private final Deque<Undo> undos = new ArrayDeque<>();
  private boolean closed;

  /** One thing to undo. */
  @FunctionalInterface
  public interface Action {
    /** Undoes it. */
    void run() throws Exception;
  }

  private record Undo(String what, Action action) {}

  /**
   * Nothing to undo yet.
   *
   * @param complaints is told of what could not be undone
   */
  public Cleanup(Consumer<String> complaints) {
    this.complaints = complaints;
  }

  /**
   * Takes note of something to undo; when it is too late for that, undoes it at once.
   *
   * @param what names it in a complaint, such as "stop the node"
   */
  public void add(String what, Action action) {
    synchronized (this) {
      if (!closed) {
        undos.push(new Undo(what, action));
        return;
      }
    }
    undo(new Undo(what, action));
  }

  /** Leaves everything as it is: nothing will be undone any more. */
  public synchronized void forget() {
    closed = true;
    undos.clear();
  }

  /** Whether it has been closed. */
  public synchronized boolean isClosed() {
    return closed;
  }

  /** Undoes everything, once. */
  @Override
  public void close() {
    while (true) {
      Undo next;
      synchronized (this) {
        closed = true;
        next = undos.poll();
      }
      if (next == null) {
        return;
      }
      undo(next);
    }
  }

  private void undo(Undo undo) {
    try {
      undo.action().run();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      complaints.accept("could not " + undo.what() + ": interrupted");
    } catch (Exception e) {
      complaints.accept("could not " + undo.what() + ": " + e.getMessage());
    }
  }
}
