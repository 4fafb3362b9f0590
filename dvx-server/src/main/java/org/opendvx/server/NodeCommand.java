package org.opendvx.server;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import org.opendvx.server.config.LogSection;
import org.opendvx.server.config.NfsSection;
import org.opendvx.server.config.NodeConfig;
import org.opendvx.server.config.RestSection;
import org.opendvx.server.node.Banner;
import org.opendvx.server.node.DvxNode;
import org.opendvx.server.node.LogSetup;
import org.opendvx.server.node.LoopbackMount;
import org.opendvx.server.node.Parts;
import org.opendvx.server.node.RestFront;
import org.opendvx.server.security.PrivateFiles;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Runs a node until it is told to stop. */
abstract class NodeCommand implements Callable<Integer> {
  private static final Logger LOG = LoggerFactory.getLogger(NodeCommand.class);
  private static final int STOP_SECONDS = 9;

  @Spec private CommandSpec spec;

  @Option(
      names = "--config",
      paramLabel = "FILE",
      description = "YAML file; docs/configuration.md lists every key.")
  private @Nullable Path config;

  @Option(
      names = "--data",
      paramLabel = "DIR",
      description = "Data folder. Default: ./data, or what the configuration says.")
  private @Nullable Path data;

  @Option(
      names = "--nfs-port",
      paramLabel = "PORT",
      description = "Port of NFS and MOUNT, instead of the configuration's; 0: any free one.")
  private @Nullable Integer nfsPort;

  @Option(
      names = "--rest-port",
      paramLabel = "PORT",
      description = "Port of REST, instead of the configuration's; 0: any free one.")
  private @Nullable Integer restPort;

  @Option(
      names = "--no-portmapper",
      description = "Do not answer on port 111, nor register with who does.")
  private boolean noPortmapper;

  @Option(
      names = "--ready-file",
      paramLabel = "FILE",
      description = "Write ports and addresses there as JSON once the node serves.")
  private @Nullable Path readyFile;

  @Option(
      names = "--exit-when-ready",
      description = "Start, and stop again at once: shows whether a node can serve.")
  private boolean exitWhenReady;

  @Option(names = "--log-json", description = "Log one JSON object a line.")
  private boolean logJson;

  private final Parts parts;

  /** Serves with these parts. */
  @SuppressWarnings("NullAway.Init") // picocli sets the annotated fields
  NodeCommand(Parts parts) {
    this.parts = parts;
  }

  @Override
  public Integer call() throws InterruptedException {
    NodeConfig settings = settings();
    LogSetup.apply(settings.log());
    if (settings.memory().lock()) {
      // By this thread, before others: what it starts inherits the mark.
      LoopbackMount.prepare();
    }
    CompletableFuture<DvxNode> starting = new CompletableFuture<>();
    CountDownLatch stopped = new CountDownLatch(1);
    // Before the start: a signal during it is a clean stop too.
    Runtime.getRuntime().addShutdownHook(new Thread(() -> stop(starting, stopped), "stop"));
    DvxNode node;
    try {
      node = DvxNode.start(settings, parts, VersionProvider.version(), Clock.systemUTC());
    } catch (RuntimeException | Error e) {
      boolean _ = starting.completeExceptionally(e);
      throw e;
    }
    boolean _ = starting.complete(node);
    PrintWriter out = spec.commandLine().getOut();
    out.print(Banner.text(node, VersionProvider.version()));
    out.flush();
    if (readyFile != null) {
      PrivateFiles.write(readyFile, RestFront.json(node.file()));
    }
    if (exitWhenReady) {
      System.exit(0);
    }
    // Until a signal starts the hook above, which ends the process.
    stopped.await();
    return 0;
  }

  private NodeConfig settings() {
    NodeConfig settings = StoppedNodeOptions.settings(config, data);
    NfsSection nfs = settings.nfs();
    settings =
        settings.with(
            new NfsSection(
                nfs.listen(),
                nfsPort == null ? nfs.port() : nfsPort,
                noPortmapper ? NfsSection.Portmapper.OFF : nfs.portmapper(),
                nfs.clients(),
                nfs.exports()));
    if (restPort != null) {
      RestSection rest = settings.rest();
      settings =
          settings.with(
              new RestSection(
                  rest.listen(),
                  restPort,
                  rest.names(),
                  rest.certificate(),
                  rest.privateKey(),
                  rest.maxBody(),
                  rest.idle(),
                  rest.maxConnections()));
    }
    return logJson
        ? settings.with(new LogSection(LogSection.Format.JSON, settings.log().level()))
        : settings;
  }

  /**
   * Closes the node within the time that service managers grant, and ends with exit code 0. A node
   * that is still starting is closed once it has; one that could not start keeps its own exit code.
   */
  private static void stop(CompletableFuture<DvxNode> starting, CountDownLatch stopped) {
    if (starting.isCompletedExceptionally()) {
      return;
    }
    LOG.info("stopping");
    Thread closing =
        Thread.ofPlatform().name("close").start(() -> starting.handle(NodeCommand::close).join());
    int code = 0;
    try {
      if (!closing.join(Duration.ofSeconds(STOP_SECONDS)) && starting.isDone()) {
        LOG.error("the node does not stop in {} s; nothing acknowledged is lost", STOP_SECONDS);
        code = 1;
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      code = 1;
    }
    if (starting.isCompletedExceptionally()) {
      return;
    }
    LOG.info("stopped");
    stopped.countDown();
    // A signal's own exit code would be 143; a clean stop is a success.
    Runtime.getRuntime().halt(code);
  }

  private static boolean close(@Nullable DvxNode node, @Nullable Throwable failure) {
    if (node != null) {
      node.close();
    }
    return failure == null;
  }
}
