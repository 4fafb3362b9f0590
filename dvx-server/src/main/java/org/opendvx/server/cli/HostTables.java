package org.opendvx.server.cli;

import java.util.Locale;
import org.opendvx.server.api.DvxHostView;
import org.opendvx.server.api.DvxHostsView;
import org.opendvx.server.api.FilePlaceView;
import org.opendvx.server.api.HostFiguresView;
import org.opendvx.server.api.MovedView;
import org.opendvx.server.api.PlacementView;
import org.opendvx.server.service.Counted;

/** How hosts and what they serve look as tables. */
final class HostTables {
  private HostTables() {}

  static String hosts(DvxHostsView view) {
    Table table = new Table("HOST", "LEASE", "ADDRESS", "SERVES", "HYPERVISOR");
    for (DvxHostView host : view.items()) {
      table.row(
          host.name() + (host.asked() ? " *" : ""),
          Words.lower(host.state()),
          host.endpoint(),
          String.join(" ", host.roots()),
          String.join(" ", host.hypervisors()));
    }
    HostFiguresView self = view.self();
    return self == null
        ? table.render()
        : table.render()
            + System.lineSeparator()
            + Table.facts(
                "* answers yet for", self.leaseMillis() + " ms",
                "Changes", self.barred() ? "wait for the confirmation of machines" : "taken",
                "Operations here", self.localOperations(),
                "Operations forwarded", self.forwardedOperations(),
                "Sent to hosts", Words.bytes(self.sentBytes()),
                "Received", Words.bytes(self.receivedBytes()),
                "Files that came", self.handOvers(),
                "The last took", millis(self.handOverMillis()),
                "The slowest took", millis(self.longestHandOverMillis()));
  }

  static String where(PlacementView view) {
    Table table = new Table("FILE", "OWNER", "SERVED BY");
    for (FilePlaceView file : view.files()) {
      table.row(file.path(), file.root(), file.host().isEmpty() ? "nobody now" : file.host());
    }
    return Table.facts("Machine", view.vm(), "Runs on", view.runsOn())
        + System.lineSeparator()
        + table.render();
  }

  static String moved(MovedView view) {
    return "%s: %s served by %s after %s%n"
        .formatted(view.vm(), Counted.of(view.files(), "file"), view.to(), millis(view.millis()));
  }

  private static String millis(double millis) {
    return String.format(Locale.ROOT, "%.1f ms", millis);
  }
}
