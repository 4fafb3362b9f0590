package org.opendvx.server.cli;

import org.jspecify.annotations.Nullable;
import org.opendvx.server.api.DriveRequest;
import org.opendvx.server.api.DrivesView;
import org.opendvx.server.api.ScrubView;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
    name = "drives",
    description =
        "The drives of the pool, how many more may be lost, and how far a rebuild is. Without a"
            + " further word it shows them.",
    subcommands = {
      DrivesCommand.Add.class,
      DrivesCommand.Replace.class,
      DrivesCommand.Remove.class,
      DrivesCommand.Keep.class,
      DrivesCommand.Rebuild.class,
      DrivesCommand.Balance.class,
      DrivesCommand.Scrub.class
    })
final class DrivesCommand extends LookCommand {
  @Override
  void look(RestClient node) {
    DrivesView view = node.get("drives", DrivesView.class);
    print(view, () -> DriveTables.drives(view));
  }

  /** A command that changes something and shows the drives then. */
  abstract static class Change extends ClientCommand {
    abstract DrivesView change(RestClient node);

    @Override
    int run(RestClient node) {
      DrivesView view = change(node);
      print(view, () -> DriveTables.drives(view));
      return 0;
    }
  }

  @Command(
      name = "add",
      description =
          "Make an empty folder a drive of the pool. Shards are moved to it until all drives are"
              + " about equally full.")
  static final class Add extends Change {
    @Parameters(paramLabel = "FOLDER", description = "The folder, on the node; absolute.")
    private String folder;

    @SuppressWarnings("NullAway.Init") // picocli sets the annotated fields
    Add() {}

    @Override
    DrivesView change(RestClient node) {
      return node.post("drives", new DriveRequest(folder), DrivesView.class);
    }
  }

  @Command(
      name = "replace",
      description =
          "Put an empty folder in the place of a lost drive. What the lost one had is rebuilt; the"
              + " lost one is not believed any more when it comes back.")
  static final class Replace extends Change {
    @Parameters(index = "0", paramLabel = "DRIVE", description = "Number of the lost drive.")
    private int drive;

    @Parameters(
        index = "1",
        arity = "0..1",
        paramLabel = "FOLDER",
        description =
            "The folder, on the node; absolute. Default: the one of the configuration that is not"
                + " in use.")
    private @Nullable String folder;

    @SuppressWarnings("NullAway.Init") // picocli sets the annotated fields
    Replace() {}

    @Override
    DrivesView change(RestClient node) {
      return node.post(
          "drives/" + drive + "/replacement", new DriveRequest(folder), DrivesView.class);
    }
  }

  @Command(
      name = "remove",
      description =
          "Move everything off a drive, or rebuild it elsewhere if the drive is lost, and remove it"
              + " from the pool then.")
  static final class Remove extends Change {
    @Parameters(paramLabel = "DRIVE", description = "Number of the drive.")
    private int drive;

    @SuppressWarnings("NullAway.Init") // picocli sets the annotated fields
    Remove() {}

    @Override
    DrivesView change(RestClient node) {
      node.delete("drives/" + drive);
      return node.get("drives", DrivesView.class);
    }
  }

  @Command(name = "keep", description = "Keep a drive that was to be removed and is not yet.")
  static final class Keep extends Change {
    @Parameters(paramLabel = "DRIVE", description = "Number of the drive.")
    private int drive;

    @SuppressWarnings("NullAway.Init") // picocli sets the annotated fields
    Keep() {}

    @Override
    DrivesView change(RestClient node) {
      return node.post("drives/" + drive + "/keep", new DriveRequest(null), DrivesView.class);
    }
  }

  @Command(
      name = "rebuild",
      description = "Wait no longer for lost drives: rebuild at once what they had.")
  static final class Rebuild extends Change {
    @Override
    DrivesView change(RestClient node) {
      return node.post("drives/rebuild", new DriveRequest(null), DrivesView.class);
    }
  }

  @Command(name = "balance", description = "Move shards until all drives are about equally full.")
  static final class Balance extends Change {
    @Override
    DrivesView change(RestClient node) {
      return node.post("drives/balance", new DriveRequest(null), DrivesView.class);
    }
  }

  @Command(
      name = "scrub",
      description =
          "The scrub that runs or the last one, and what it found. With --now everything is read"
              + " and checked, and repaired where it is bad.")
  static final class Scrub extends LookCommand {
    @Option(names = "--now", description = "Begin one, unless one runs.")
    private boolean now;

    private boolean begun;

    @SuppressWarnings("NullAway.Init") // picocli sets the annotated fields
    Scrub() {}

    @Override
    void look(RestClient node) {
      DrivesView view =
          now && !begun
              ? node.post("drives/scrub", new DriveRequest(null), DrivesView.class)
              : node.get("drives", DrivesView.class);
      begun = true;
      ScrubView scrub = view.scrub();
      if (scrub == null) {
        print(view, () -> DriveTables.drives(view));
      } else {
        print(scrub, () -> DriveTables.scrub(scrub));
      }
    }
  }
}
