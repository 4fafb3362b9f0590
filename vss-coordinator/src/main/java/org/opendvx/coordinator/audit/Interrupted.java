package org.opendvx.coordinator.audit;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What a log's lines begin and do not end. */
final class Interrupted {
  private static final String BEGIN = ".begin";
  private static final String WHY = "no end was recorded: the node was killed, or its log was full";

  /** Freezes by session, snapshots by machine and name. */
  private final Map<String, End> open = new LinkedHashMap<>();

  /** The record of an end that nobody saw. */
  record End(String kind, String subject, Map<String, String> facts) {}

  void see(JsonNode line) {
    String kind = line.path("kind").asText();
    String subject = line.path("subject").asText();
    if (kind.startsWith("freeze.")) {
      String session = line.path("facts").path("session").asText();
      see(kind, "freeze", "freeze " + session, subject, Map.of("session", session));
    } else if (kind.startsWith("snapshot.")) {
      String name = line.path("facts").path("name").asText();
      see(kind, "snapshot", subject + " " + name, subject, Map.of("name", name));
    }
  }

  private void see(
      String kind, String what, String key, String subject, Map<String, String> facts) {
    if (kind.endsWith(BEGIN)) {
      Map<String, String> end = new LinkedHashMap<>(facts);
      end.put("result", "INTERRUPTED");
      end.put("reason", WHY);
      open.put(key, new End(what + ".end", subject, end));
    } else {
      open.remove(key);
    }
  }

  /** The ends to record; none the second time. */
  List<End> take() {
    List<End> ends = List.copyOf(open.values());
    open.clear();
    return ends;
  }
}
