package org.opendvx.server.cli;

import com.fasterxml.jackson.core.type.TypeReference;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import org.opendvx.server.api.AuditView;
import org.opendvx.server.api.Page;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

@Command(
    name = "audit",
    description = "The record of every freeze, enrolment and refusal: who, what, when, outcome.")
final class AuditCommand extends LookCommand {
  private static final int PAGE = 1000;

  @Option(
      names = "--limit",
      paramLabel = "N",
      defaultValue = "50",
      description = "The last so many. Default: ${DEFAULT-VALUE}.")
  private int limit;

  @Override
  void look(RestClient node) {
    Deque<AuditView> last = new ArrayDeque<>();
    String cursor = "";
    while (cursor != null) {
      Page<AuditView> page =
          node.get("audit?limit=" + PAGE + "&cursor=" + cursor, new TypeReference<>() {});
      for (AuditView view : page.items()) {
        last.addLast(view);
        if (last.size() > Math.max(limit, 1)) {
          last.removeFirst();
        }
      }
      cursor = page.next();
    }
    List<AuditView> shown = List.copyOf(last);
    print(new Page<>(shown, null), () -> Tables.audit(shown));
  }
}
