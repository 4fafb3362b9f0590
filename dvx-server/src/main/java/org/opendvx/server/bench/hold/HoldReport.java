package org.opendvx.server.bench.hold;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/** What a series of snapshots of a guest did to it; times in milliseconds. */
final class HoldReport {
  private final Map<String, List<Double>> times = new LinkedHashMap<>();
  private final Map<String, Integer> labels = new TreeMap<>();

  /** Adds a time under a name. */
  void add(String name, double millis) {
    times.computeIfAbsent(name, _ -> new ArrayList<>()).add(millis);
  }

  /** Counts a label. */
  void label(String label) {
    labels.merge(label, 1, Integer::sum);
  }

  /** The smallest of a name's times that so many of a hundred do not exceed. */
  double percentile(String name, int percent) {
    double[] sorted =
        times.getOrDefault(name, List.of()).stream().mapToDouble(Double::doubleValue).toArray();
    if (sorted.length == 0) {
      return 0;
    }
    Arrays.sort(sorted);
    int rank = (int) Math.ceil(percent / 100.0 * sorted.length);
    return sorted[Math.clamp(rank - 1L, 0, sorted.length - 1)];
  }

  /** Under the names of the JSON output. */
  Map<String, Object> byName() {
    Map<String, Object> all = new LinkedHashMap<>();
    all.put("labels", Map.copyOf(labels));
    for (String name : times.keySet()) {
      Map<String, Object> one = new LinkedHashMap<>();
      one.put("p50", percentile(name, 50));
      one.put("p99", percentile(name, 99));
      one.put("max", percentile(name, 100));
      all.put(name.replace(' ', '_').replace(",", ""), one);
    }
    return all;
  }

  /** A table in Markdown. */
  String table() {
    StringBuilder text = new StringBuilder("| ms | p50 | p99 | max |\n|---|---|---|---|\n");
    for (String name : times.keySet()) {
      text.append(
          String.format(
              Locale.ROOT,
              "| %s | %.1f | %.1f | %.1f |\n",
              name,
              percentile(name, 50),
              percentile(name, 99),
              percentile(name, 100)));
    }
    return text.append("\nLabels: ").append(labels).append('\n').toString();
  }
}
