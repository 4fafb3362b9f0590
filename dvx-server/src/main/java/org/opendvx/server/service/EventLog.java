package org.opendvx.server.service;

import java.time.Clock;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import org.opendvx.server.api.EventView;
import org.opendvx.server.api.Page;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What happened lately: the last {@value #KEPT} events since the node started, and each of them in
 * the log. Thread-safe.
 */
public final class EventLog {
  static final int KEPT = 10_000;

  private static final Logger LOG = LoggerFactory.getLogger(EventLog.class);

  private final Clock clock;
  private final Deque<EventView> events = new ArrayDeque<>();
  private long lastId;

  /** How much an event matters. */
  public enum Severity {
    INFO,
    WARNING,
    ERROR
  }

  /** An empty log. */
  public EventLog(Clock clock) {
    this.clock = clock;
  }

  /** Notes what happens now. */
  public void add(Severity severity, String kind, String subject, String message) {
    add(clock.instant(), severity, kind, subject, message);
  }

  /**
   * Notes an event.
   *
   * @param kind a word for programs, such as {@code vm.moved}
   * @param subject what it concerns, such as a machine's name
   */
  public void add(Instant time, Severity severity, String kind, String subject, String message) {
    switch (severity) {
      case INFO -> LOG.info("{} {}: {}", kind, subject, message);
      case WARNING -> LOG.warn("{} {}: {}", kind, subject, message);
      case ERROR -> LOG.error("{} {}: {}", kind, subject, message);
    }
    synchronized (this) {
      lastId++;
      events.addLast(
          new EventView(Long.toString(lastId), time, severity.name(), kind, subject, message));
      if (events.size() > KEPT) {
        events.removeFirst();
      }
    }
  }

  /**
   * Events after one, oldest first; so a follower never misses one that is still kept.
   *
   * @param afterId 0 to start at the oldest
   */
  public synchronized Page<EventView> list(long afterId, int limit) {
    List<EventView> page = new ArrayList<>();
    long skip = events.isEmpty() ? 0 : afterId - Long.parseLong(events.getFirst().id()) + 1;
    for (EventView event : events) {
      if (skip-- > 0) {
        continue;
      }
      if (page.size() == limit) {
        return new Page<>(page, page.getLast().id());
      }
      page.add(event);
    }
    return new Page<>(page, null);
  }
}
