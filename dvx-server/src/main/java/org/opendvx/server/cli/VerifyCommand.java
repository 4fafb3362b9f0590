package org.opendvx.server.cli;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.opendvx.server.api.DriveRequest;
import org.opendvx.server.api.TaskView;
import org.opendvx.server.api.VerifyView;
import org.opendvx.server.service.Progress;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

@Command(
    name = "verify",
    description =
        "Walk everything that is stored, from the roots to every chunk: decrypt and authenticate,"
            + " compare checksums, parity and fingerprints, and tell what no root reaches. Changes"
            + " nothing. The node serves meanwhile, or is stopped (--offline). Exit code 1 when"
            + " anything is not as it should be.")
final class VerifyCommand extends TaskStartingCommand {
  @Option(
      names = "--offline",
      description =
          "The node is stopped: open its pool here, as it would (the journal is replayed, and a"
              + " checkpoint written).")
  private boolean stopped;

  @Option(
      names = "--config",
      paramLabel = "FILE",
      description = "With --offline: the YAML file that the node is started with.")
  private @Nullable Path config;

  private final OfflineVerification offline;

  @SuppressWarnings("NullAway.Init") // picocli sets the annotated fields
  VerifyCommand(OfflineVerification offline) {
    this.offline = offline;
  }

  @Override
  public Integer call() {
    if (!stopped) {
      if (config != null) {
        throw usage("--config goes with --offline");
      }
      return super.call();
    }
    VerifyView view = offline.run(config, dataFolder(config != null), Progress.NONE);
    print(view, () -> table(view));
    return view.clean() ? 0 : 1;
  }

  @Override
  int run(RestClient node) {
    TaskView task = node.post("verifications", new DriveRequest(null), TaskView.class);
    boolean[] clean = {true};
    int code =
        finish(
            node,
            task,
            done -> {
              VerifyView view = node.convert(done.result(), VerifyView.class);
              clean[0] = view.clean();
              print(view, () -> table(view));
            });
    return clean[0] ? code : 1;
  }

  private static String table(VerifyView view) {
    StringBuilder text =
        new StringBuilder(
            Table.facts(
                "Result",
                view.clean() ? "clean" : view.problems() + " problems",
                "Containers",
                view.containers() + ", " + Words.bytes(view.bytes()),
                "Slots opened",
                view.slots(),
                "Tree nodes",
                view.nodes(),
                "References",
                view.references(),
                "Unreachable",
                view.unreachable() + " containers, " + Words.bytes(view.unreachableBytes())));
    for (String detail : view.details()) {
      text.append("  ").append(detail).append(System.lineSeparator());
    }
    return text.toString();
  }
}
