package org.opendvx.core.testing;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * What became of each fault, as a table in Markdown. Each suite has a file in {@code target/faults}
 * of the source tree, written anew after each row, so that it is there whatever happens; {@code
 * target/faults.md} holds the tables of all suites that ran there. Thread-safe.
 */
public final class FaultTable {
  private static final String PART = ".md";

  private final Path folder;
  private final String name;
  private final String title;
  private final String column;
  private final Map<String, Row> rows = new TreeMap<>();

  /**
   * A row.
   *
   * @param label the restore point's, or {@code no restore point}
   * @param heldMillis how long the guest's writes were held; -1 when they were not
   * @param audit kinds of the records that it left
   */
  public record Row(String fault, String label, String reason, long heldMillis, String audit) {}

  /**
   * The table of a suite.
   *
   * @param name of its file, without the ending
   * @param column what the milliseconds are, such as {@code writes held}
   */
  public FaultTable(String name, String title, String column) {
    this(home().resolve("target"), name, title, column);
  }

  /** One below another folder. */
  FaultTable(Path target, String name, String title, String column) {
    this.folder = target.resolve("faults");
    this.name = name;
    this.title = title;
    this.column = column;
  }

  private static Path home() {
    Path folder = Path.of("").toAbsolutePath();
    while (!Files.isDirectory(folder.resolve(".mvn"))) {
      folder =
          Optional.ofNullable(folder.getParent())
              .orElseThrow(() -> new AssertionError("no folder above the module holds .mvn"));
    }
    return folder;
  }

  /** Adds a row and writes the files. */
  public synchronized void add(Row row) throws IOException {
    rows.put(row.fault(), row);
    StringBuilder text = new StringBuilder("## " + title + "\n\n");
    text.append("| fault | label | reason | " + column + ", ms | audit record |\n");
    text.append("|---|---|---|---|---|\n");
    for (Row each : rows.values()) {
      text.append("| ")
          .append(String.join(" | ", each.fault(), each.label(), cell(each.reason())))
          .append(" | ")
          .append(each.heldMillis() < 0 ? "none held" : each.heldMillis())
          .append(" | ")
          .append(each.audit())
          .append(" |\n");
    }
    Files.createDirectories(folder);
    Files.writeString(folder.resolve(name + PART), text);
    combine();
  }

  /** Suites of several modules may end at the same moment. */
  private void combine() throws IOException {
    try (FileChannel channel =
            FileChannel.open(
                folder.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        FileLock _ = channel.lock();
        Stream<Path> files = Files.list(folder)) {
      List<Path> parts = files.filter(file -> file.toString().endsWith(PART)).sorted().toList();
      StringBuilder text = new StringBuilder("# Faults\n");
      for (Path part : parts) {
        text.append('\n').append(Files.readString(part));
      }
      Files.writeString(folder.resolveSibling("faults.md"), text);
    }
  }

  private static String cell(String text) {
    return text.replace("|", "/").replace("\n", " ");
  }
}
