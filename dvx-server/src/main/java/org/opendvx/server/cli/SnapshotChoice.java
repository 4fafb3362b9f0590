package org.opendvx.server.cli;

import java.util.Map;
import java.util.StringJoiner;
import org.jspecify.annotations.Nullable;
import org.opendvx.server.api.PruneRequest;
import picocli.CommandLine.Option;

/** Which snapshots are meant: options of several commands. */
final class SnapshotChoice {
  @Option(names = "--vm", paramLabel = "VM", description = "Only those of this machine.")
  private @Nullable String vm;

  @Option(
      names = "--name",
      paramLabel = "TEXT",
      description = "Only those whose name contains this.")
  private @Nullable String name;

  @Option(
      names = "--label",
      paramLabel = "KEY=VALUE",
      description = "Only those with this label; may be repeated.")
  private Map<String, String> labels = Map.of();

  @Option(
      names = "--since",
      paramLabel = "TIME",
      description = "Only those taken then or later, such as 2026-01-31T12:00:00Z.")
  private @Nullable String since;

  @Option(names = "--until", paramLabel = "TIME", description = "Only those taken before.")
  private @Nullable String until;

  /** Whether nothing was said. */
  boolean all() {
    return vm == null && name == null && labels.isEmpty() && since == null && until == null;
  }

  /** The parts of a query that say the same, joined by ampersands; empty for all. */
  String query() {
    StringJoiner query = new StringJoiner("&");
    add(query, "vm", vm);
    add(query, "name", name);
    add(query, "since", since);
    add(query, "until", until);
    labels.forEach((key, value) -> add(query, "label", key + "=" + value));
    return query.toString();
  }

  private static void add(StringJoiner query, String key, @Nullable String value) {
    if (value != null && !value.isEmpty()) {
      query.add(key + "=" + RestClient.encode(value));
    }
  }

  /** A request to forget them. */
  PruneRequest prune(int keep, boolean dryRun) {
    return new PruneRequest(name, vm, labels, since, until, keep, dryRun);
  }
}
