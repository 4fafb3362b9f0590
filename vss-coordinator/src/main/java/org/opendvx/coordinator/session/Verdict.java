package org.opendvx.coordinator.session;

import java.util.ArrayList;
import java.util.List;
import java.util.StringJoiner;
import org.jspecify.annotations.Nullable;
import org.opendvx.coordinator.protocol.FromAgent;
import org.opendvx.coordinator.protocol.Writer;
import org.opendvx.core.vm.Consistency;

/**
 * The most that may be claimed of a cut, from what the guest said after it.
 *
 * @param reason why not APPLICATION, empty when it is
 */
record Verdict(Consistency consistency, String reason) {

  /**
   * Judges.
   *
   * @param lateMillis how much later than the hold can last the cut was, 0 when it was in time
   * @param before the writers as they were before the freeze
   * @param thawed null when the guest never said
   * @param report null when the guest never said
   * @param trouble what is wrong with the documents, or why a message is missing
   */
  static Verdict of(
      boolean applicationAsked,
      long lateMillis,
      List<Writer> before,
      FromAgent.@Nullable Thawed thawed,
      FromAgent.@Nullable Report report,
      String trouble) {
    if (thawed == null) {
      return new Verdict(Consistency.CRASH, or(trouble, "the guest did not say when it let go"));
    }
    if (!thawed.held() || !thawed.released().equals(FromAgent.Thawed.COMMITTED)) {
      return new Verdict(
          Consistency.CRASH,
          "the guest had let go before the cut was confirmed (" + thawed.released() + ")");
    }
    if (lateMillis > 0) {
      return new Verdict(
          Consistency.CRASH, "the cut came " + lateMillis + " ms after the hold must have ended");
    }
    if (report == null) {
      return new Verdict(Consistency.CRASH, or(trouble, "the guest's report is missing"));
    }
    return judge(applicationAsked, before, report, trouble);
  }

  private static Verdict judge(
      boolean applicationAsked, List<Writer> before, FromAgent.Report report, String trouble) {
    Consistency reached = Consistency.valueOf(report.reached());
    List<String> reasons = new ArrayList<>();
    if (!report.success()) {
      reasons.add("the guest reports " + report.outcome());
    }
    if (!report.reason().isEmpty() && (reached != Consistency.APPLICATION || !report.success())) {
      reasons.add(report.reason());
    }
    StringJoiner bad = new StringJoiner(", ");
    for (Writer writer : report.writers()) {
      if (!writer.good()) {
        bad.add(writer.name() + " " + writer.failure() + " state " + writer.state());
      }
    }
    if (bad.length() > 0) {
      reasons.add("writers failed: " + bad);
    }
    String lost = lost(before, report.writers());
    if (!lost.isEmpty()) {
      reasons.add("writers that failed or ended before the report: " + lost);
    }
    if (!trouble.isEmpty()) {
      reasons.add(trouble);
    }
    if (!applicationAsked) {
      reasons.add("the guest's agent freezes file systems only");
    }
    Consistency most = reasons.isEmpty() ? reached : lower(reached);
    if (most != Consistency.APPLICATION && reasons.isEmpty()) {
      reasons.add("the guest reached " + reached);
    }
    return new Verdict(most, String.join("; ", reasons));
  }

  /** Writers that had failed before the freeze, or of which the report says nothing. */
  private static String lost(List<Writer> before, List<Writer> after) {
    StringJoiner lost = new StringJoiner(", ");
    for (Writer writer : before) {
      boolean there =
          after.stream()
              .anyMatch(
                  other ->
                      other.instance().equals(writer.instance())
                          && other.id().equals(writer.id())
                          && other.name().equals(writer.name()));
      if (writer.failed() || !there) {
        lost.add(writer.name());
      }
    }
    return lost.toString();
  }

  /** What is not told without a fault is at most a consistent file system. */
  private static Consistency lower(Consistency reached) {
    return reached == Consistency.APPLICATION ? Consistency.FILE_SYSTEM : reached;
  }

  private static String or(String text, String otherwise) {
    return text.isEmpty() ? otherwise : text;
  }
}
