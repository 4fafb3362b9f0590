package org.opendvx.server.datanode;

import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.server.VersionProvider;
import org.opendvx.server.api.NodeAccess;
import org.opendvx.server.config.ConfigLoader;
import org.opendvx.server.config.DataNodeConfig;
import org.opendvx.server.config.LogSection;
import org.opendvx.server.node.LogSetup;
import org.opendvx.server.node.RestFront;
import org.opendvx.server.security.PrivateFiles;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code dvx datanode}. */
@Command(
    name = "datanode",
    description = {
      "Run a data node until it is told to stop: it owns drives, and hosts keep their pool on them.",
      "",
      "Data reach it encrypted and coded; it holds no key."
    },
    footer = {
      "",
      "Examples: dvx datanode --config /etc/dvx/datanode.yaml",
      "          dvx datanode token --config /etc/dvx/datanode.yaml --to-file host1.token"
    },
    subcommands = {DataNodeCommand.Token.class, DataNodeCommand.Remove.class})
public final class DataNodeCommand implements Callable<Integer> {
  private static final Logger LOG = LoggerFactory.getLogger(DataNodeCommand.class);
  private static final int STOP_SECONDS = 9;

  @Spec private CommandSpec spec;

  @Option(
      names = "--config",
      paramLabel = "FILE",
      description = "YAML file; docs/datanode.md lists every key.")
  private @Nullable Path config;

  @Option(
      names = "--ready-file",
      paramLabel = "FILE",
      description = "Write address and fingerprint there as JSON once it serves.")
  private @Nullable Path readyFile;

  @Option(names = "--log-json", description = "Log one JSON object a line.")
  private boolean logJson;

  /** The command, to be filled in by picocli. */
  @SuppressWarnings("NullAway.Init") // picocli sets the annotated fields
  public DataNodeCommand() {}

  @Override
  public Integer call() throws InterruptedException {
    DataNodeConfig settings = settings(config);
    LogSetup.apply(
        logJson ? new LogSection(LogSection.Format.JSON, settings.log().level()) : settings.log());
    DataNode node = DataNode.start(settings, VersionProvider.version(), Clock.systemUTC());
    CountDownLatch stopped = new CountDownLatch(1);
    Runtime.getRuntime().addShutdownHook(new Thread(() -> stop(node, stopped), "stop"));
    DataNode.Address address = node.address();
    NodeAccess access = node.access();
    PrintWriter out = spec.commandLine().getOut();
    out.printf(
        """
        OpenDVX data node
          Hosts reach it at  %s:%d
          Certificate        SHA-256 %s
          Pool               %s

        Let a host in
          here:         dvx datanode token --to-file host.token
          on the host:  dvx host join --data-node %s:%d --fingerprint %s --token-file host.token

        Look after its drives
          dvx drives --data %s
          REST address  %s/api/v1
          Token         %s
          Certificate   SHA-256 %s
        """,
        address.address(),
        address.port(),
        address.certificateSha256(),
        node.summary(),
        address.address(),
        address.port(),
        address.certificateSha256(),
        access.dataFolder(),
        access.rest(),
        access.tokenFile(),
        access.certificateSha256());
    out.flush();
    if (readyFile != null) {
      PrivateFiles.write(readyFile, RestFront.json(address));
    }
    // Until a signal starts the hook above, which ends the process.
    stopped.await();
    return 0;
  }

  private static DataNodeConfig settings(@Nullable Path file) {
    return file == null ? ConfigLoader.dataNodeDefaults() : ConfigLoader.loadDataNode(file);
  }

  private static void stop(DataNode node, CountDownLatch stopped) {
    LOG.info("stopping");
    Thread closing = Thread.ofPlatform().name("close").start(node::close);
    int code = 0;
    try {
      if (!closing.join(Duration.ofSeconds(STOP_SECONDS))) {
        LOG.error("it does not stop in {} s; nothing acknowledged is lost", STOP_SECONDS);
        code = 1;
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      code = 1;
    }
    stopped.countDown();
    // A signal's own exit code would be 143; a clean stop is a success.
    Runtime.getRuntime().halt(code);
  }

  /** {@code dvx datanode token}. */
  @Command(
      name = "token",
      description = {
        "Make a token with which one host can join the data node of this machine, within an hour.",
        "",
        "It goes into a private file, to be carried to the host; the fingerprint that is printed"
            + " goes with it."
      })
  static final class Token implements Callable<Integer> {
    private static final Duration TIME = Duration.ofHours(1);

    @Spec private CommandSpec spec;

    @Option(names = "--config", paramLabel = "FILE", description = "The data node's YAML file.")
    private @Nullable Path config;

    @Option(
        names = "--to-file",
        required = true,
        paramLabel = "FILE",
        description = "Private file for the token.")
    private Path file;

    @SuppressWarnings("NullAway.Init") // picocli sets the annotated fields
    Token() {}

    @Override
    public Integer call() {
      Path data = settings(config).datanode().data().toAbsolutePath().normalize();
      String fingerprint = DataNode.fingerprint(data);
      PrivateFiles.write(
          file, (DataNode.newToken(data, TIME) + "\n").getBytes(StandardCharsets.UTF_8));
      PrintWriter out = spec.commandLine().getOut();
      out.printf("token file   %s%nfingerprint  %s%n", file, fingerprint);
      out.flush();
      return 0;
    }
  }

  /** {@code dvx datanode remove}. */
  @Command(
      name = "remove",
      description = {
        "Shut a host out of the data node of this machine; a running data node ends its connections"
            + " within seconds.",
        "",
        "The other hosts still hear it: rather run dvx host remove at one of them, which does both."
      })
  static final class Remove implements Callable<Integer> {
    @Spec private CommandSpec spec;

    @Option(names = "--config", paramLabel = "FILE", description = "The data node's YAML file.")
    private @Nullable Path config;

    @Parameters(paramLabel = "NAME", description = "The host's node.name.")
    private String name;

    @SuppressWarnings("NullAway.Init") // picocli sets the annotated fields
    Remove() {}

    @Override
    public Integer call() {
      Path data = settings(config).datanode().data().toAbsolutePath().normalize();
      if (!DataNode.remove(data, name)) {
        throw DvxException.of(Kind.NOT_FOUND, "There is no such host")
            .cause("No host has joined under the name " + name)
            .remedy("Look for its node.name in its configuration")
            .build();
      }
      PrintWriter out = spec.commandLine().getOut();
      out.printf("%s is shut out%n", name);
      out.flush();
      return 0;
    }
  }
}
