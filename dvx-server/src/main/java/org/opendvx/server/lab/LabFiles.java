package org.opendvx.server.lab;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.opendvx.core.pool.remote.RemoteSettings;
import org.opendvx.server.datanode.DataNode;
import org.opendvx.server.datanode.JoinedDataNode;
import org.opendvx.server.security.PrivateFiles;

/**
 * The configurations, keys and folders of a data node and of its hosts, all below one folder.
 *
 * @param folder that has it all
 */
public record LabFiles(Path folder) {
  static final String DATA_NODE = "datanode";

  private static final Duration TOKEN = Duration.ofMinutes(10);
  private static final int KEY = 32;

  /** A file or folder of it. */
  public Path at(String name) {
    return folder.resolve(name);
  }

  /**
   * Writes the data node's configuration.
   *
   * @param port 0 for any that is free
   * @param drives how many
   * @param driveBytes of each
   */
  public Path dataNode(String address, int port, int drives, long driveBytes) throws IOException {
    String folders =
        IntStream.rangeClosed(1, drives)
            .mapToObj(i -> at("d" + i).toString())
            .collect(Collectors.joining(", "));
    return Files.writeString(
        at("datanode.yaml"),
        """
        datanode:
          data: %s
          listen: %s
          port: %d
        drives:
          capacity: %d
          folders: [%s]
        rest:
          listen: %s
          port: 0
        """
            .formatted(at(DATA_NODE), address, port, driveBytes, folders, address));
  }

  /**
   * Writes a host's configuration.
   *
   * @param clients the network that may mount
   * @param more keys of the section {@code host}, two blanks in front of each, and then whole
   *     sections; may be empty
   */
  public Path host(String name, String address, String clients, String more) throws IOException {
    return Files.writeString(
        at(name + ".yaml"),
        """
        node:
          name: %s
          data: %s
        pool:
          kind: remote
        keys:
          file: %s
        memory:
          read-cache: 16MiB
          dedupe-index: 32MiB
        nfs:
          listen: %s
          port: 0
          portmapper: off
          clients: [%s]
        rest:
          listen: %s
          port: 0
        host:
          listen: %s
          port: 0
        """
                .formatted(name, at(name), at("pool.key"), address, clients, address, address)
            + more);
  }

  /**
   * Lets a host join the data node, which runs.
   *
   * @param address of the data node
   */
  public void join(String host, String address, int port) throws IOException {
    Path key = at("pool.key");
    if (!Files.exists(key)) {
      byte[] secret = new byte[KEY];
      new SecureRandom().nextBytes(secret);
      PrivateFiles.write(key, secret);
    }
    Path data = at(DATA_NODE);
    JoinedDataNode.join(
        at(host),
        RemoteSettings.of(address, port, DataNode.fingerprint(data)),
        host,
        DataNode.newToken(data, TOKEN));
  }
}
