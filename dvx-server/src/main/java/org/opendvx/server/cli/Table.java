package org.opendvx.server.cli;

import java.util.ArrayList;
import java.util.List;

/** Rows under headings, in columns as wide as they need to be. */
final class Table {
  private static final String GAP = "  ";

  private final List<List<String>> rows = new ArrayList<>();
  private final boolean[] right;

  /** A heading that starts with {@code >} stands for a column of numbers, set to the right. */
  Table(String... headings) {
    right = new boolean[headings.length];
    List<String> head = new ArrayList<>();
    for (int i = 0; i < headings.length; i++) {
      right[i] = headings[i].startsWith(">");
      head.add(right[i] ? headings[i].substring(1) : headings[i]);
    }
    rows.add(head);
  }

  /** Adds a row; null stands for nothing to show. */
  Table row(Object... cells) {
    List<String> row = new ArrayList<>();
    for (Object cell : cells) {
      String text = String.valueOf(cell).replaceAll("\\p{Cntrl}", " ");
      row.add(text.isBlank() ? "-" : text);
    }
    rows.add(row);
    return this;
  }

  /** The table as lines. */
  String render() {
    int[] widths = new int[right.length];
    for (List<String> row : rows) {
      for (int i = 0; i < widths.length; i++) {
        widths[i] = Math.max(widths[i], row.get(i).length());
      }
    }
    StringBuilder text = new StringBuilder();
    for (List<String> row : rows) {
      StringBuilder line = new StringBuilder();
      for (int i = 0; i < widths.length; i++) {
        String padding = " ".repeat(widths[i] - row.get(i).length());
        line.append(i == 0 ? "" : GAP)
            .append(right[i] ? padding + row.get(i) : row.get(i) + padding);
      }
      text.append(line.toString().stripTrailing()).append(System.lineSeparator());
    }
    return text.toString();
  }

  /** Names and values, one a line. */
  static String facts(Object... namesAndValues) {
    int width = 0;
    for (int i = 0; i < namesAndValues.length; i += 2) {
      width = Math.max(width, namesAndValues[i].toString().length());
    }
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < namesAndValues.length; i += 2) {
      String name = namesAndValues[i].toString();
      String value = String.valueOf(namesAndValues[i + 1]).replaceAll("\\p{Cntrl}", " ");
      text.append(name)
          .append(" ".repeat(width - name.length() + 2))
          .append(value.isBlank() ? "-" : value)
          .append(System.lineSeparator());
    }
    return text.toString();
  }
}
