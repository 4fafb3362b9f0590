package org.opendvx.core.vm;

import java.util.LinkedHashMap;
import java.util.Map;
import org.opendvx.core.error.DvxException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The audit records around a machine's restore point: each beginning has an end, whatever becomes
 * of it. What has no guest's part is not recorded. Thread-safe as far as {@link Member} is.
 */
final class SnapshotRecords {
  private static final Logger LOG = LoggerFactory.getLogger(SnapshotRecords.class);

  private final AuditTrail audit;

  SnapshotRecords(AuditTrail audit) {
    this.audit = audit;
  }

  /** Records that a guest is going to be frozen; without that it is not. */
  void begin(Member member) {
    if (!member.freezes()) {
      return;
    }
    try {
      audit.record(
          "snapshot.begin",
          member.who(),
          member.vm().ref().toString(),
          Map.of(
              "name", member.name(),
              "policy", member.policy().name(),
              "quiescer", member.quiescer().map(Quiescer::name).orElse("")));
      member.recordOpen(true);
    } catch (DvxException e) {
      member.failed(e);
    }
  }

  /** Its policy cannot be met; there is no cut of it. */
  void refused(Member member) {
    record(member, "snapshot.refused", member.reason(), 0);
  }

  /** What a restore point came to. */
  void end(Member member, Consistency reached, long id) {
    record(member, "snapshot.end", reached + ": " + member.reason(), id);
  }

  /** A restore point was deleted again; it is gone whether that can be recorded or not. */
  void discarded(Member member, String why, long id) {
    quietly(member, "snapshot.discarded", why, id);
  }

  /** There will be no restore point; nothing is written when an end was. */
  void failed(Member member, String why) {
    if (member.recordOpen()) {
      quietly(member, "snapshot.end", "FAILED: " + why, 0);
    }
  }

  private void quietly(Member member, String kind, String result, long id) {
    try {
      record(member, kind, result, id);
    } catch (DvxException e) {
      LOG.warn("{} of {} is not recorded: {}", kind, member.name(), e.getMessage());
    }
  }

  private void record(Member member, String kind, String result, long id) {
    if (!member.hasGuest()) {
      return;
    }
    Quiescer.Outcome outcome = member.outcome();
    Map<String, Object> facts = new LinkedHashMap<>();
    facts.put("name", member.name());
    facts.put("policy", member.policy().name());
    facts.put("result", result);
    facts.put("snapshot", id);
    facts.put("writersFrozenMillis", outcome == null ? 0 : outcome.writersFrozenMillis());
    facts.put("writesHeldMillis", outcome == null ? 0 : outcome.writesHeldMillis());
    audit.record(kind, member.who(), member.vm().ref().toString(), facts);
    member.recordOpen(false);
  }
}
