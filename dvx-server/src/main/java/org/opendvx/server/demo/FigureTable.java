package org.opendvx.server.demo;

import java.util.Locale;
import java.util.Map;

/** The figures as a table for a terminal. */
final class FigureTable {
  private static final String RULE = "-".repeat(72);
  private static final double GIB = 1L << 30;

  private FigureTable() {}

  static String of(Map<String, Object> figures) {
    StringBuilder table = new StringBuilder();
    line(table, RULE);
    row(table, "VM stuns (hypervisor snapshots that vCenter received)", figures.get("stuns"));
    row(
        table,
        "  counted in the control run that made one on purpose",
        figures.get("stuns_of_control_run"));
    row(
        table,
        "Snapshots of its own that the oVirt engine received",
        figures.get("engine_snapshots"));
    row(
        table,
        "  counted in the control run that asked for one",
        figures.get("engine_snapshots_of_control_run"));
    row(table, "Snapshot until durable, half of them within, ms", figures.get("cut_ms_p50"));
    row(table, "Snapshot until durable, slowest, ms", figures.get("cut_ms_max"));
    row(table, "  of it with writes held back, longest, ms", figures.get("held_ms_max"));
    row(table, "Longest write within 50 ms of a snapshot, ms", figures.get("write_ms_max_in_cut"));
    row(table, "Longest write at any other time, ms", figures.get("write_ms_max_outside"));
    row(
        table,
        "Longest write when two drives were lost, ms",
        figures.get("write_ms_max_at_drive_loss"));
    row(table, "One cut over vCenter and oVirt until durable, ms", figures.get("both_cut_ms"));
    row(
        table,
        "More stored for a machine sent to oVirt and back, %",
        figures.get("convert_more_percent"));
    if (figures.containsKey("hold_ms_p50")) {
      row(table, "Guest with agent: writes held, half of them, ms", figures.get("hold_ms_p50"));
      row(table, "Guest with agent: writes held, longest, ms", figures.get("hold_ms_max"));
    }
    row(table, "Restore points by label", figures.get("labels"));
    row(table, "Data reduction", figures.get("reduction") + " : 1");
    row(
        table,
        "Checked byte for byte, GiB",
        String.format(
            Locale.ROOT, "%.2f", ((Number) value(figures, "bytes_verified")).doubleValue() / GIB));
    row(table, "Mismatches", figures.get("mismatches"));
    row(table, "Drives lost while running", figures.get("drives_lost"));
    row(table, "Seconds for all of it", figures.get("seconds"));
    line(table, RULE);
    return table.toString();
  }

  private static Object value(Map<String, Object> figures, String name) {
    Object value = figures.get(name);
    if (value == null) {
      throw new IllegalStateException("no figure is called " + name);
    }
    return value;
  }

  private static void row(
      StringBuilder table, String name, @org.jspecify.annotations.Nullable Object value) {
    line(table, String.format(Locale.ROOT, "%-56s %15s", name, value));
  }

  private static void line(StringBuilder table, String text) {
    table.append(text).append('\n');
  }
}
