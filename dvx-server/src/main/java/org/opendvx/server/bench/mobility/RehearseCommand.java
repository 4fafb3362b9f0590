package org.opendvx.server.bench.mobility;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.concurrent.Callable;
import org.opendvx.server.config.ConfigLoader;
import org.opendvx.server.node.DvxNode;
import org.opendvx.server.node.Parts;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * {@code dvx bench rehearse}, which the launcher runs once after a build, so that the JVM learns
 * the classes and the hot paths of hosts, of a data node and of the move of a machine.
 */
@Command(
    name = "rehearse",
    hidden = true,
    description =
        "Move a machine between two hosts of this process, for what the JVM learns of it.")
public final class RehearseCommand implements Callable<Integer> {
  private final Parts single;
  private final Parts shared;
  private final String version;

  @Spec private CommandSpec spec;

  @Option(
      names = "--folder",
      required = true,
      paramLabel = "DIR",
      description = "An empty folder for their files, to be removed afterwards.")
  private Path folder;

  @Option(names = "--moves", defaultValue = "12", paramLabel = "N", description = "How many.")
  private int moves;

  @Option(
      names = "--millis",
      defaultValue = "400",
      paramLabel = "N",
      description = "Of load between two of them.")
  private long millis;

  /**
   * A command.
   *
   * @param single what a node alone is made of
   * @param shared what hosts are made of
   */
  @SuppressWarnings("NullAway.Init") // picocli sets the annotated fields
  public RehearseCommand(Parts single, Parts shared, String version) {
    this.single = single;
    this.shared = shared;
    this.version = version;
  }

  @Override
  public Integer call() throws IOException, InterruptedException {
    Files.createDirectories(folder);
    Path config = folder.resolve("alone.yaml");
    Files.writeString(
        config,
        """
        node:
          data: %s
        nfs:
          port: 0
          portmapper: off
        rest:
          port: 0
        """
            .formatted(folder.resolve("alone")));
    DvxNode.start(ConfigLoader.load(config), single, version, Clock.systemUTC()).close();
    try (Rehearsal rehearsal = new Rehearsal(folder, shared, version)) {
      rehearsal.run(moves, millis);
    }
    spec.commandLine().getOut().println("rehearsed");
    spec.commandLine().getOut().flush();
    return 0;
  }
}
