package org.opendvx.server.cli;

import com.fasterxml.jackson.core.type.TypeReference;
import java.util.ArrayList;
import java.util.List;
import org.opendvx.server.api.EventView;
import org.opendvx.server.api.Page;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

@Command(
    name = "events",
    description = "What happened since the node started: moves of machines, snapshots, trouble.")
final class EventsCommand extends LookCommand {
  private static final int PAGE = 1000;

  @Option(
      names = "--limit",
      paramLabel = "N",
      defaultValue = "50",
      description = "The last so many. Default: ${DEFAULT-VALUE}.")
  private int limit;

  @Override
  void look(RestClient node) {
    List<EventView> all = new ArrayList<>();
    String cursor = "";
    while (cursor != null) {
      Page<EventView> page =
          node.get("events?limit=" + PAGE + "&cursor=" + cursor, new TypeReference<>() {});
      all.addAll(page.items());
      cursor = page.next();
    }
    List<EventView> last = all.subList(Math.max(0, all.size() - Math.max(limit, 1)), all.size());
    print(new Page<>(last, null), () -> Tables.events(last));
  }
}
