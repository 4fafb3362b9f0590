package org.opendvx.server.torture;

import java.util.ArrayList;
import java.util.List;

/** What a victim told before it died. Confined to one thread. */
final class Told {
  private final List<StringBuilder> outcomes = new ArrayList<>();
  private int operations;
  private int refused;
  private long cleaned;

  Told() {
    for (int i = 0; i < TortureEngineCommand.CLIENTS; i++) {
      outcomes.add(new StringBuilder());
    }
  }

  /** Takes a line note of; one that the kill has cut off says nothing. */
  void note(String line) {
    String[] words = line.split(" ", -1);
    if (words.length != 2) {
      return;
    }
    if (words[0].equals("cleaned")) {
      cleaned = words[1].matches("\\d{1,9}") ? Long.parseLong(words[1]) : cleaned;
    } else if (words[0].matches("\\d") && words[1].length() == 1) {
      outcomes.get(Integer.parseInt(words[0])).append(words[1]);
      operations++;
      refused += words[1].charAt(0) == History.REFUSED ? 1 : 0;
    }
  }

  /** Outcomes of a client's operations, a letter for each. */
  String outcomes(int client) {
    return outcomes.get(client).toString();
  }

  int operations() {
    return operations;
  }

  int refused() {
    return refused;
  }

  /** Containers that its cleaner deleted. */
  long cleaned() {
    return cleaned;
  }
}
