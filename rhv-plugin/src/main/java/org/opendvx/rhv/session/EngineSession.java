package org.opendvx.rhv.session;

import java.io.IOException;
import java.net.URI;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.vm.TlsTrust;
import org.ovirt.engine.sdk4.Connection;
import org.ovirt.engine.sdk4.services.SystemService;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One account's connection with one engine: built when first needed, used by all threads. A token
 * that has expired or was revoked is renewed by the SDK within the call. Every call has a time
 * limit: when that passes, the caller goes on and the connection that it waited on is broken off,
 * so that no thread stays behind. Reads are repeated over passing trouble, changes are not.
 * Thread-safe.
 */
public final class EngineSession implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(EngineSession.class);

  /** Behind the limits of the calls, some of which are long. */
  private static final Duration LONGEST_READ = Duration.ofMinutes(10);

  private static final Duration CONNECT_LIMIT = Duration.ofSeconds(10);
  private static final Duration CLOSE_LIMIT = Duration.ofSeconds(5);
  private static final int READ_TRIES = 4;
  private static final long FIRST_PAUSE_MILLIS = 100;

  private final URI url;
  private final EngineCredentials credentials;
  private final Duration callLimit;
  private final EngineHttp http;
  private final ReentrantLock building = new ReentrantLock();
  private final AtomicLong requests = new AtomicLong();
  private volatile @Nullable Connection connection;
  private volatile boolean closed;

  /** One thing asked of the engine. */
  @FunctionalInterface
  public interface Call<T extends @Nullable Object> {
    /** Does it. */
    T on(SystemService system);
  }

  /**
   * A session that is not logged in yet.
   *
   * @param url such as {@code https://engine.example.com/ovirt-engine/api}
   * @param callLimit the time limit of one call, a renewed login included
   */
  public EngineSession(URI url, EngineCredentials credentials, TlsTrust trust, Duration callLimit) {
    this.url = url;
    this.credentials = credentials;
    this.callLimit = callLimit;
    this.http =
        new EngineHttp(
            trust,
            callLimit.compareTo(CONNECT_LIMIT) < 0 ? callLimit : CONNECT_LIMIT,
            LONGEST_READ);
  }

  /**
   * Reads: repeated over passing trouble, a bounded number of times; once only when there was no
   * answer within the limit.
   *
   * @param doing what failed if it fails, such as "The engine cannot list its hosts"
   */
  public <T extends @Nullable Object> T read(String doing, Call<T> call) {
    boolean waited = false;
    for (int attempt = 1; ; attempt++) {
      try {
        return limited(call, callLimit);
      } catch (DvxException e) {
        if (waited || closed || e.kind() != Kind.TIMEOUT) {
          throw e;
        }
        waited = true;
      } catch (RuntimeException e) {
        if (closed || attempt == READ_TRIES || !EngineFaults.passing(e)) {
          throw failed(doing, e);
        }
        LOG.debug("{}: {}", doing, EngineFaults.reason(e));
        pause(attempt, doing);
      }
    }
  }

  /** Reads once, with a time limit of its own. */
  public <T extends @Nullable Object> T once(String doing, Duration limit, Call<T> call) {
    try {
      return limited(call, limit);
    } catch (DvxException e) {
      throw e;
    } catch (RuntimeException e) {
      throw failed(doing, e);
    }
  }

  /**
   * Changes: sent once. When there is no answer, whether the engine carried it out is unknown, and
   * the error says so.
   */
  public <T extends @Nullable Object> T change(String doing, Call<T> call) {
    return change(doing, callLimit, call);
  }

  /** A change with a time limit of its own. */
  public <T extends @Nullable Object> T change(String doing, Duration limit, Call<T> call) {
    try {
      return limited(call, limit);
    } catch (DvxException e) {
      throw e;
    } catch (RuntimeException e) {
      Kind kind = EngineFaults.kind(e);
      if (kind != Kind.UNAVAILABLE && kind != Kind.TIMEOUT) {
        throw failed(doing, e);
      }
      throw DvxException.of(kind, doing)
          .causedBy(e)
          .cause(EngineFaults.reason(e) + "; whether the engine carried it out is unknown")
          .remedy("look at the state in the engine, then try again")
          .build();
    }
  }

  /** How many calls were made, for those who count. */
  public long calls() {
    return requests.get();
  }

  private DvxException failed(String doing, RuntimeException e) {
    if (EngineFaults.kind(e) == Kind.UNAUTHENTICATED) {
      // The next connection reads the password anew.
      connection = null;
    }
    return EngineFaults.of(doing, e);
  }

  private <T extends @Nullable Object> T limited(Call<T> call, Duration limit) {
    requests.incrementAndGet();
    CompletableFuture<T> answer = new CompletableFuture<>();
    Thread thread =
        Thread.ofVirtual()
            .name("engine-call")
            .unstarted(
                () -> {
                  http.enter();
                  try {
                    answer.complete(call.on(connected().systemService()));
                  } catch (RuntimeException | java.lang.Error e) {
                    answer.completeExceptionally(e);
                  } finally {
                    http.leave();
                  }
                });
    thread.start();
    try {
      return answer.get(limit.toMillis(), TimeUnit.MILLISECONDS);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof RuntimeException failure) {
        throw failure;
      }
      throw new IllegalStateException(e.getCause());
    } catch (TimeoutException e) {
      http.expire(thread);
      throw DvxException.of(Kind.TIMEOUT, "The engine does not answer")
          .causedBy(e)
          .cause(
              "no answer within "
                  + limit.toMillis()
                  + " ms; whether it carried out what was asked is unknown")
          .remedy("check that the engine runs and is reached; then try again")
          .detail("url", url)
          .build();
    } catch (InterruptedException e) {
      http.expire(thread);
      Thread.currentThread().interrupt();
      throw DvxException.of(Kind.UNAVAILABLE, "A call to the engine was interrupted")
          .causedBy(e)
          .remedy("try again when the node runs")
          .build();
    }
  }

  private Connection connected() {
    Connection current = connection;
    if (current != null) {
      return current;
    }
    building.lock();
    try {
      current = connection;
      if (current == null) {
        if (closed) {
          throw DvxException.of(Kind.UNAVAILABLE, "The connection to the engine is closed").build();
        }
        current =
            http.connections()
                .url(url.toString())
                .user(credentials.user())
                .password(credentials.password().get())
                .build();
        connection = current;
      }
      return current;
    } finally {
      building.unlock();
    }
  }

  private static void pause(int attempt, String doing) {
    long millis = FIRST_PAUSE_MILLIS << (attempt - 1);
    try {
      Thread.sleep(millis + ThreadLocalRandom.current().nextLong(millis / 2 + 1));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw DvxException.of(Kind.UNAVAILABLE, doing).cause("interrupted").causedBy(e).build();
    }
  }

  /** Gives the token back, for a few seconds at the most, and closes all connections. */
  @Override
  public void close() {
    closed = true;
    Connection current = connection;
    if (current != null) {
      try {
        limited(
            _ -> {
              try {
                current.close(true);
              } catch (Exception e) {
                throw new IllegalStateException(e);
              }
              return "";
            },
            CLOSE_LIMIT);
      } catch (RuntimeException e) {
        LOG.debug("giving back the engine's token: {}", EngineFaults.reason(e));
      }
      connection = null;
    }
    try {
      http.shutdown();
    } catch (IOException e) {
      LOG.debug("closing the connections to the engine", e);
    }
  }
}
