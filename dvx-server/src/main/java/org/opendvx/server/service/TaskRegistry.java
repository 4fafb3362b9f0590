package org.opendvx.server.service;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.NavigableMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.server.api.Page;
import org.opendvx.server.api.Problem;
import org.opendvx.server.api.TaskView;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Work that goes on after its request was answered, each piece on a virtual thread of its own. The
 * last {@value #KEPT} finished ones are remembered until the node stops. Thread-safe.
 */
public final class TaskRegistry implements AutoCloseable {
  /** Finished tasks that are remembered. */
  static final int KEPT = 1000;

  /** Tasks that may run at the same time. */
  static final int MAX_RUNNING = 64;

  private static final Logger LOG = LoggerFactory.getLogger(TaskRegistry.class);

  private final Clock clock;
  private final ExecutorService threads =
      Executors.newThreadPerTaskExecutor(Thread.ofVirtual().name("task-", 1).factory());
  private final Semaphore room = new Semaphore(MAX_RUNNING);
  private final AtomicLong lastId = new AtomicLong();
  private final NavigableMap<Long, Task> tasks = new ConcurrentSkipListMap<>();

  /** The work of a task. */
  @FunctionalInterface
  public interface Work {
    /**
     * Does it.
     *
     * @return what it made, a record of {@code org.opendvx.server.api}
     */
    Object run(Progress progress);
  }

  /** A registry without tasks. */
  public TaskRegistry(Clock clock) {
    this.clock = clock;
  }

  /**
   * Starts work.
   *
   * @param kind a word for programs, such as {@code snapshot.create}
   * @param summary what it is for, for a person
   * @param owner who asked
   * @throws DvxException UNAVAILABLE when too much is running
   */
  public TaskView submit(String kind, String summary, String owner, Work work) {
    if (!room.tryAcquire()) {
      throw DvxException.of(Kind.UNAVAILABLE, "The node is busy")
          .cause(MAX_RUNNING + " tasks are running already")
          .remedy("Try again in a while")
          .build();
    }
    Task task = new Task(lastId.incrementAndGet(), kind, summary, owner, clock.instant());
    tasks.put(task.id, task);
    forgetOld();
    threads.execute(() -> run(task, work));
    return task.view();
  }

  /**
   * A task.
   *
   * @param patience how long to wait for its end
   * @throws DvxException NOT_FOUND
   */
  public TaskView get(String id, Duration patience) {
    Task task = null;
    if (id.matches("\\d{1,18}")) {
      task = tasks.get(Long.parseLong(id));
    }
    if (task == null) {
      throw DvxException.of(Kind.NOT_FOUND, "There is no such task")
          .cause("It is long over, or the node was restarted since")
          .remedy("dvx task list shows the tasks")
          .detail("task", id)
          .build();
    }
    task.await(patience);
    return task.view();
  }

  /**
   * Tasks, newest first.
   *
   * @param beforeId 0 to start
   */
  public Page<TaskView> list(long beforeId, int limit) {
    List<TaskView> page = new ArrayList<>();
    NavigableMap<Long, Task> newest =
        (beforeId <= 0 ? tasks : tasks.headMap(beforeId, false)).descendingMap();
    String next = null;
    for (Task task : newest.values()) {
      if (page.size() == limit) {
        next = page.getLast().id();
        break;
      }
      page.add(task.view());
    }
    return new Page<>(page, next);
  }

  /** How many run. */
  public int running() {
    return MAX_RUNNING - room.availablePermits();
  }

  /** Waits a few seconds for what runs, then interrupts it. */
  @Override
  public void close() {
    threads.shutdown();
    try {
      if (!threads.awaitTermination(3, TimeUnit.SECONDS)) {
        LOG.warn("{} tasks are interrupted because the node stops", running());
        threads.shutdownNow();
        if (!threads.awaitTermination(2, TimeUnit.SECONDS)) {
          LOG.warn("{} tasks do not heed the interruption", running());
        }
      }
    } catch (InterruptedException e) {
      threads.shutdownNow();
      Thread.currentThread().interrupt();
    }
  }

  private void run(Task task, Work work) {
    try {
      task.done(work.run(task::progress), clock.instant());
      LOG.info("task {} done: {}", task.id, task.summary);
    } catch (DvxException e) {
      LOG.warn("task {} failed: {}: {}", task.id, task.summary, e.getMessage());
      task.failed(e, clock.instant());
    } catch (RuntimeException | Error e) {
      LOG.error("task {} failed: {}", task.id, task.summary, e);
      task.failed(Unexpected.fault(e), clock.instant());
    } finally {
      room.release();
    }
  }

  private void forgetOld() {
    long finished = tasks.values().stream().filter(Task::isOver).count();
    for (Iterator<Task> oldest = tasks.values().iterator(); finished > KEPT && oldest.hasNext(); ) {
      if (oldest.next().isOver()) {
        oldest.remove();
        finished--;
      }
    }
  }

  private static final class Task {
    private final long id;
    private final String kind;
    private final String summary;
    private final String owner;
    private final Instant created;
    private final CountDownLatch over = new CountDownLatch(1);
    private volatile State state = new State("RUNNING", 0, "started", null, null, null);

    private record State(
        String word,
        int percent,
        String message,
        @Nullable Instant finished,
        @Nullable Object result,
        @Nullable Problem problem) {}

    Task(long id, String kind, String summary, String owner, Instant created) {
      this.id = id;
      this.kind = kind;
      this.summary = summary;
      this.owner = owner;
      this.created = created;
    }

    void progress(int percent, String message) {
      state = new State("RUNNING", Math.clamp(percent, 0, 100), message, null, null, null);
    }

    void done(Object result, Instant at) {
      state = new State("DONE", 100, "done", at, result, null);
      over.countDown();
    }

    void failed(DvxException error, Instant at) {
      state =
          new State(
              "FAILED",
              state.percent(),
              state.message(),
              at,
              null,
              Problem.of(error, "task-" + id));
      over.countDown();
    }

    boolean isOver() {
      return over.getCount() == 0;
    }

    void await(Duration patience) {
      try {
        if (!over.await(patience.toMillis(), TimeUnit.MILLISECONDS)) {
          LOG.trace("task {} still runs", id);
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }

    TaskView view() {
      State now = state;
      return new TaskView(
          Long.toString(id),
          kind,
          summary,
          now.word(),
          now.percent(),
          now.message(),
          owner,
          created,
          now.finished(),
          now.result(),
          now.problem());
    }
  }
}
