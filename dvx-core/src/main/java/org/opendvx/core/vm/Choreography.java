package org.opendvx.core.vm;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The stages around a cut: prepare (a few at a time), freeze (all at once), cut, thaw. One clock,
 * which nobody can set; a limit for each stage; whatever fails, every guest is let go.
 */
final class Choreography {
  private static final Logger LOG = LoggerFactory.getLogger(Choreography.class);

  /** Preparing loads guest and storage: applications flush. */
  private static final int PREPARE_AT_ONCE = 4;

  private final StageLimits limits;

  Choreography(StageLimits limits) {
    this.limits = limits;
  }

  StageLimits limits() {
    return limits;
  }

  /** Prepares those that are to be frozen; who cannot is marked failed. */
  void prepare(List<Member> members) {
    Semaphore room = new Semaphore(PREPARE_AT_ONCE);
    each(
        members,
        Member::freezes,
        member -> {
          room.acquireUninterruptibly();
          try {
            Quiescer quiescer = member.quiescer().orElseThrow();
            member.prepared(quiescer.prepare(member.vm(), member.vm().disks(), limits.prepare()));
          } finally {
            room.release();
          }
        });
  }

  /**
   * Holds all that are prepared. Once the first is held the rest has little time: it cannot be held
   * for long.
   */
  void freeze(List<Member> members) {
    List<Member> waiting = members.stream().filter(Member::freezes).toList();
    if (waiting.isEmpty()) {
      return;
    }
    CompletableFuture<Void> first = new CompletableFuture<>();
    List<CompletableFuture<Void>> words = new ArrayList<>();
    List<Gate> gates = new ArrayList<>();
    for (Member member : waiting) {
      Gate gate = new Gate(member);
      CompletableFuture<Void> word = new CompletableFuture<>();
      Thread.ofVirtual()
          .name("freeze-" + member.vm().name())
          .start(
              () -> {
                gate.freeze(limits.freeze());
                if (member.held() != null) {
                  first.complete(null);
                }
                word.complete(null);
              });
      words.add(word);
      gates.add(gate);
    }
    CompletableFuture<Void> all = CompletableFuture.allOf(words.toArray(CompletableFuture[]::new));
    long most = limits.freeze().toMillis() + 5_000;
    Object _ = quietly(CompletableFuture.anyOf(first, all), most);
    if (!quietly(all, limits.gather().toMillis())) {
      gates.forEach(gate -> gate.shut("it was not held together with the others"));
    }
  }

  /** Lets a guest that is held too late go at once. */
  private static final class Gate {
    private final Member member;
    private boolean closed;
    private boolean done;

    Gate(Member member) {
      this.member = member;
    }

    void freeze(Duration limit) {
      Quiescer.Held held = null;
      DvxException failure = null;
      try {
        Quiescer.Prepared prepared = member.prepared();
        held = prepared == null ? null : prepared.freeze(limit);
      } catch (RuntimeException e) {
        failure = told(e);
      }
      synchronized (this) {
        done = true;
        if (closed) {
          if (held != null) {
            held.abort("it came too late");
          }
        } else if (held != null) {
          member.held(held);
        } else {
          member.failed(failure == null ? told(new IllegalStateException("unprepared")) : failure);
        }
      }
    }

    synchronized void shut(String why) {
      closed = true;
      if (!done) {
        member.failed(
            DvxException.of(Kind.TIMEOUT, "The guest of " + member.vm().name() + " came too late")
                .cause(why)
                .build());
        member.abort(why);
      }
    }
  }

  /** Lets all that are held go and hears what was true. */
  void thaw(List<Member> members) {
    each(
        members,
        member -> member.held() != null,
        member -> {
          Quiescer.Held held = member.held();
          if (held != null) {
            try (held) {
              member.outcome(held.thaw());
            }
          }
        });
  }

  /** Runs a step of all that it concerns at the same time; a failure marks its member. */
  private static void each(List<Member> members, Predicate<Member> which, Consumer<Member> step) {
    List<Member> some = members.stream().filter(which).toList();
    if (some.size() == 1) {
      guarded(some.getFirst(), step);
      return;
    }
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      some.forEach(member -> threads.execute(() -> guarded(member, step)));
    }
  }

  private static void guarded(Member member, Consumer<Member> step) {
    try {
      step.accept(member);
    } catch (RuntimeException e) {
      member.failed(told(e));
    }
  }

  private static DvxException told(RuntimeException e) {
    if (e instanceof DvxException told) {
      return told;
    }
    LOG.error("a quiescer failed", e);
    return DvxException.of(Kind.INTERNAL, "The quiescer failed").causedBy(e).build();
  }

  /** Whether a future was done in time. */
  static boolean quietly(CompletableFuture<?> future, long millis) {
    try {
      Object _ = future.get(millis, TimeUnit.MILLISECONDS);
      return true;
    } catch (TimeoutException e) {
      return false;
    } catch (ExecutionException e) {
      return true;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }
}
