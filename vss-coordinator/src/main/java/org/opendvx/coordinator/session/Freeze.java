package org.opendvx.coordinator.session;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.opendvx.coordinator.protocol.Frame;
import org.opendvx.coordinator.protocol.FromAgent;
import org.opendvx.coordinator.protocol.FromCoordinator;
import org.opendvx.coordinator.protocol.Writer;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.vm.AuditTrail;
import org.opendvx.core.vm.Consistency;
import org.opendvx.core.vm.Quiescer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One guest's freeze from its first message to its record. It ends once, by {@link #thaw} or {@link
 * #giveUp}; what comes later changes nothing. Driven by one thread at a time.
 */
final class Freeze {
  private static final Logger LOG = LoggerFactory.getLogger(Freeze.class);
  private static final int MAX_SKIPPED = 20;

  private final Context context;
  private final AuditTrail audit;
  private final AgentLink link;
  private final FreezeSession session;
  private final boolean application;
  private final Map<String, Object> facts = new LinkedHashMap<>();
  private final AtomicBoolean over = new AtomicBoolean();
  private final long start;
  private List<String> skipped = List.of();
  private List<Writer> before = List.of();
  private long frozenAt;
  private boolean held;

  Freeze(
      Context context,
      AuditTrail audit,
      AgentLink link,
      FreezeSession session,
      boolean application) {
    this.context = context;
    this.audit = audit;
    this.link = link;
    this.session = session;
    this.application = application;
    this.start = context.ticker().nanos();
  }

  AgentLink link() {
    return link;
  }

  FreezeSession session() {
    return session;
  }

  /** Records that a guest is going to be frozen; without that record it is not. */
  void begin() {
    facts.put("session", session.id().toString());
    facts.put("agent", link.agent().toString());
    facts.put("consistency", application ? "APPLICATION" : "FILE_SYSTEM");
    audit.record("freeze.begin", "coordinator", link.vm().toString(), Map.copyOf(facts));
  }

  void prepared(FromAgent.Prepared told) {
    facts.put("prepareMillis", context.ticker().millisSince(start));
    facts.put("volumes", told.volumes().size());
    before = told.writers();
    skipped =
        told.skipped().stream()
            .limit(MAX_SKIPPED)
            .map(each -> each.volume() + ": " + each.reason())
            .toList();
    if (!skipped.isEmpty()) {
      facts.put("skipped", skipped);
    }
  }

  void frozen(FromAgent.Frozen told) {
    frozenAt = context.ticker().nanos();
    held = true;
    facts.put("frozenMillis", context.ticker().millisSince(start));
    facts.put("writersFrozenMillis", told.writersFrozen());
  }

  /** Lets the guest go after the cut, and hears what was true. */
  Quiescer.Outcome thaw() {
    if (!over.compareAndSet(false, true)) {
      return new Quiescer.Outcome(
          Consistency.CRASH, "the guest was let go before", 0, 0, Optional.empty());
    }
    link.send(new FromCoordinator.Committed(session.id()));
    long holding = context.ticker().millisSince(frozenAt);
    facts.put("cutMillis", holding);
    StringBuilder missing = new StringBuilder();
    FromAgent.Thawed thawed = word(session.thawed(), context.settings().thaw(), "thawed", missing);
    FromAgent.Report report =
        thawed == null
            ? null
            : word(session.report(), context.settings().report(), "report", missing);
    String trouble = missing.toString();
    if (report != null) {
      link.acknowledge(session.id());
      trouble = session.documents().trouble(report);
    } else {
      link.send(new FromCoordinator.Abort(session.id(), trouble));
    }
    link.end(session, report == null);
    Verdict verdict =
        Verdict.of(
            application,
            Math.max(0, holding - Frame.MAX_HOLD_MILLIS),
            before,
            thawed,
            report,
            trouble);
    return finish(verdict, thawed, report, trouble);
  }

  private Quiescer.Outcome finish(
      Verdict verdict,
      FromAgent.@Nullable Thawed thawed,
      FromAgent.@Nullable Report report,
      String trouble) {
    long heldMillis = thawed == null ? 0 : thawed.writesHeld();
    long frozenMillis =
        report != null ? report.writersFrozen() : thawed == null ? 0 : thawed.writersFrozen();
    if (thawed != null) {
      facts.put("released", thawed.released());
      facts.put("heldAtCut", thawed.held());
      facts.put("writesHeldMillis", heldMillis);
      context.meters().held(heldMillis, frozenMillis);
    }
    facts.put("claim", verdict.consistency().name());
    Verdict recorded = verdict;
    try {
      ended("THAWED", verdict.reason());
    } catch (DvxException e) {
      recorded =
          new Verdict(Consistency.CRASH, "the freeze could not be recorded: " + e.getMessage());
    }
    byte[] document =
        report == null || !trouble.isEmpty() ? new byte[0] : session.documents().bytes();
    return new Quiescer.Outcome(
        recorded.consistency(),
        recorded.reason(),
        frozenMillis,
        heldMillis,
        document.length == 0 ? Optional.empty() : Optional.of(document),
        skipped);
  }

  private static <T> @Nullable T word(
      CompletableFuture<T> word, Duration limit, String name, StringBuilder missing) {
    try {
      return word.get(limit.toMillis(), TimeUnit.MILLISECONDS);
    } catch (ExecutionException e) {
      missing.append(FreezeSession.why(e));
    } catch (TimeoutException e) {
      missing.append("the guest did not send ").append(name).append(" within ");
      missing.append(limit.toMillis()).append(" ms");
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      missing.append("the node is stopping");
    }
    return null;
  }

  /** Tells the guest to let go, and waits for nothing. Never throws. */
  void giveUp(String stage, String why) {
    if (!over.compareAndSet(false, true)) {
      return;
    }
    link.send(new FromCoordinator.Abort(session.id(), why));
    if (held) {
      facts.put("heldByOurClockMillis", context.ticker().millisSince(frozenAt));
    }
    link.end(session, !session.report().isDone());
    if (session.report().isDone() && !session.report().isCompletedExceptionally()) {
      link.acknowledge(session.id());
    }
    try {
      ended("ABORTED at " + stage, why);
    } catch (DvxException e) {
      LOG.error("the end of a freeze could not be recorded: {}", e.getMessage());
    }
  }

  /** Writes the record. */
  void ended(String result, String reason) {
    facts.put("result", result);
    facts.put("reason", reason);
    facts.put("totalMillis", context.ticker().millisSince(start));
    context.meters().freeze(result.replaceAll(" .*", "").toLowerCase(java.util.Locale.ROOT));
    audit.record("freeze.end", "coordinator", link.vm().toString(), facts);
  }
}
