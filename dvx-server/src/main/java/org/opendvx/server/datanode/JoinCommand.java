package org.opendvx.server.datanode;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.pool.remote.RemoteSettings;
import org.opendvx.server.config.ConfigLoader;
import org.opendvx.server.config.NodeConfig;
import org.opendvx.server.security.PrivateFiles;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code dvx host join}. */
@Command(
    name = "join",
    description = {
      "Join a data node with a token that was made there, and note how it is reached.",
      "",
      "Then set pool.kind: remote in the configuration and start: dvx host --config FILE"
    },
    footer = {
      "",
      "Example: dvx host join --config dvx.yaml --data-node 10.1.0.9:7340 --fingerprint 3f..."
          + " --token-file host.token"
    })
public final class JoinCommand implements Callable<Integer> {
  private static final Pattern ADDRESS =
      Pattern.compile("(?:\\[([^\\]]+)\\]|([^:\\s]+)):(\\d{1,5})");
  private static final Pattern FINGERPRINT = Pattern.compile("[0-9a-f]{64}");

  @Spec private CommandSpec spec;

  @Option(
      names = "--config",
      paramLabel = "FILE",
      description = "The host's YAML file; its node.name and node.data count.")
  private @Nullable Path config;

  @Option(
      names = "--data",
      paramLabel = "DIR",
      description = "Data folder, instead of the configuration's.")
  private @Nullable Path data;

  @Option(
      names = "--data-node",
      required = true,
      paramLabel = "ADDRESS:PORT",
      description = "Where it listens.")
  private String dataNode;

  @Option(
      names = "--fingerprint",
      required = true,
      paramLabel = "HEX",
      description = "SHA-256 of its certificate, as dvx datanode token prints it.")
  private String fingerprint;

  @Option(
      names = "--token-file",
      required = true,
      paramLabel = "FILE",
      description = "Private file with the token.")
  private Path tokenFile;

  /** The command, to be filled in by picocli. */
  @SuppressWarnings("NullAway.Init") // picocli sets the annotated fields
  public JoinCommand() {}

  @Override
  public Integer call() {
    NodeConfig settings = config == null ? ConfigLoader.defaults() : ConfigLoader.load(config);
    Path folder = (data == null ? settings.node().data() : data).toAbsolutePath().normalize();
    Matcher address = ADDRESS.matcher(dataNode);
    String pin = fingerprint.replace(":", "").toLowerCase(java.util.Locale.ROOT);
    if (!address.matches() || Integer.parseInt(address.group(3)) > 65535) {
      throw invalid("--data-node", "it is an address, a colon and a port");
    }
    if (!FINGERPRINT.matcher(pin).matches()) {
      throw invalid("--fingerprint", "it is 64 hex digits");
    }
    String host = address.group(1) == null ? address.group(2) : address.group(1);
    JoinedDataNode.join(
        folder,
        RemoteSettings.of(host, Integer.parseInt(address.group(3)), pin),
        settings.node().name(),
        PrivateFiles.readSecret(tokenFile));
    PrintWriter out = spec.commandLine().getOut();
    out.printf(
        "%s has joined the data node at %s; set pool.kind: remote and start it%n",
        settings.node().name(), dataNode);
    out.flush();
    return 0;
  }

  private static DvxException invalid(String option, String cause) {
    return DvxException.of(Kind.INVALID, "The command cannot be understood")
        .cause(option + ": " + cause)
        .remedy("dvx host join --help shows all")
        .build();
  }
}
