package org.opendvx.server;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.opendvx.server.config.ConfigLoader;
import org.opendvx.server.config.NodeConfig;
import org.opendvx.server.config.NodeSection;
import picocli.CommandLine.Option;

/** Which node that does not run. */
final class StoppedNodeOptions {
  @Option(
      names = "--config",
      paramLabel = "FILE",
      description = "The YAML file that the node is started with.")
  private @Nullable Path config;

  @Option(
      names = "--data",
      paramLabel = "DIR",
      description = "Data folder. Default: ./data, or what the configuration says.")
  private @Nullable Path data;

  /** What the node is started with. */
  NodeConfig settings() {
    return settings(config, data);
  }

  /** What a node is started with. */
  static NodeConfig settings(@Nullable Path config, @Nullable Path data) {
    NodeConfig settings = config == null ? ConfigLoader.defaults() : ConfigLoader.load(config);
    if (data == null) {
      return settings;
    }
    NodeSection node = settings.node();
    return settings.with(new NodeSection(node.name(), data, node.datastore()));
  }
}
