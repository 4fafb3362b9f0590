package org.opendvx.server.bench.hold;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;

/**
 * What became of each fault, as a table in Markdown; written anew after each row, so that it is
 * there whatever happens. The columns are those of the scripted agent's table.
 */
final class FaultRows {
  private final Path file;
  private final Map<String, String> rows = new TreeMap<>();

  FaultRows(Path file) {
    this.file = file;
  }

  /**
   * Adds a row.
   *
   * @param stillMillis the longest that a write of the guest took meanwhile
   */
  void add(String fault, String label, String reason, long stillMillis, String audit)
      throws IOException {
    rows.put(
        fault,
        "| %s | %s | %s | %d | %s |\n"
            .formatted(
                fault, label, reason.replace('|', '/').replace('\n', ' '), stillMillis, audit));
    Files.createDirectories(file.toAbsolutePath().getParent());
    Files.writeString(
        file,
        "# Faults: native Linux agent, ext4 and xfs over NFS\n\n"
            + "| fault | label | reason | longest write, ms | audit record |\n|---|---|---|---|---|\n"
            + String.join("", rows.values()));
  }
}
