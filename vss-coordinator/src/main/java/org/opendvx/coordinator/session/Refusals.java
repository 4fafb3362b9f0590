package org.opendvx.coordinator.session;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.vm.AuditTrail;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Notes connections that were refused, in the log and in the audit record: at most {@value
 * #PER_MINUTE} a minute of each kind one by one, since anybody may knock; the rest as a number. Who
 * makes much noise of one kind does not hide what else is refused. Thread-safe.
 */
final class Refusals {
  static final int PER_MINUTE = 60;

  private static final Logger LOG = LoggerFactory.getLogger(Refusals.class);
  private static final long MINUTE_NANOS = 60_000_000_000L;

  private final AuditTrail audit;
  private final Ticker ticker;

  /** By code: there are few. */
  private final Map<String, Window> windows = new HashMap<>();

  /** A minute of one kind. */
  private static final class Window {
    private long start;
    private int noted;
    private long dropped;

    Window(long start) {
      this.start = start;
    }
  }

  Refusals(AuditTrail audit, Ticker ticker) {
    this.audit = audit;
    this.ticker = ticker;
  }

  /** Notes one; may wait for the disk. */
  void note(String code, String reason, String client, String agent, String vm) {
    long unnamed;
    synchronized (this) {
      Window window = windows.computeIfAbsent(code, _ -> new Window(ticker.nanos()));
      if (ticker.nanos() - window.start > MINUTE_NANOS) {
        window.start = ticker.nanos();
        window.noted = 0;
      }
      if (++window.noted > PER_MINUTE) {
        window.dropped++;
        return;
      }
      unnamed = window.dropped;
      window.dropped = 0;
    }
    LOG.warn("refused an agent at {}: {}: {}", client, code, reason);
    Map<String, Object> facts = new LinkedHashMap<>();
    facts.put("code", code);
    facts.put("reason", reason);
    facts.put("client", client);
    facts.put("vm", vm);
    if (unnamed > 0) {
      facts.put("refusedMoreSince", unnamed);
    }
    try {
      audit.record("agent.refused", agent.isEmpty() ? client : agent, vm, facts);
    } catch (DvxException e) {
      LOG.error("a refusal could not be recorded: {}", e.getMessage());
    }
  }
}
