package org.opendvx.coordinator.testing;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;

/**
 * What became of each fault, as a table in Markdown. Suites of any module add rows; the file is
 * written anew after each, so that it is there whatever happens. Thread-safe.
 */
public final class FaultTable {
  private final Path file;
  private final String title;
  private final Map<String, Row> rows = new TreeMap<>();

  /**
   * A row.
   *
   * @param label the restore point's, or {@code no restore point}
   * @param heldMillis how long the guest held its writes, as its own clock says; -1 when it held
   *     none
   * @param audit kinds of the records that it left
   */
  public record Row(String fault, String label, String reason, long heldMillis, String audit) {}

  /** A table. */
  public FaultTable(Path file, String title) {
    this.file = file;
    this.title = title;
  }

  /** Adds a row and writes the file. */
  public synchronized void add(Row row) throws IOException {
    rows.put(row.fault(), row);
    StringBuilder text = new StringBuilder("# " + title + "\n\n");
    text.append(
        "| fault | label | reason | writes held, ms | audit record |\n|---|---|---|---|---|\n");
    for (Row each : rows.values()) {
      text.append("| ")
          .append(String.join(" | ", each.fault(), each.label(), cell(each.reason())))
          .append(" | ")
          .append(each.heldMillis() < 0 ? "none held" : each.heldMillis())
          .append(" | ")
          .append(each.audit())
          .append(" |\n");
    }
    Path folder = file.toAbsolutePath().getParent();
    if (folder != null) {
      Files.createDirectories(folder);
    }
    Files.write(file, text.toString().getBytes(StandardCharsets.UTF_8));
  }

  private static String cell(String text) {
    return text.replace("|", "/").replace("\n", " ");
  }
}
