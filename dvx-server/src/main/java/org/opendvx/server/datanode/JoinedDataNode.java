package org.opendvx.server.datanode;

import com.fasterxml.jackson.core.JsonProcessingException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.pool.remote.Joining;
import org.opendvx.core.pool.remote.RemoteSettings;
import org.opendvx.core.pool.wire.NodeTls;
import org.opendvx.server.api.Json;
import org.opendvx.server.security.PrivateFiles;
import org.opendvx.server.security.TlsIdentity;

/**
 * The data node that a host has joined: {@code datanode.json} in the host's data folder, and the
 * host's certificate beside it.
 *
 * @param settings how it is reached
 * @param identity of this host
 */
public record JoinedDataNode(RemoteSettings settings, NodeTls.Identity identity) {
  private static final String FILE = "datanode.json";
  private static final int MAX_FILE = 4096;

  /** What the file holds. */
  private record Reached(String address, int port, String certificateSha256) {}

  /**
   * Reads what {@link #join} wrote.
   *
   * @throws DvxException NOT_FOUND when this host has joined none
   */
  public static JoinedDataNode read(Path folder) {
    Path file = folder.resolve(FILE);
    if (!Files.exists(file)) {
      throw DvxException.of(Kind.NOT_FOUND, "This host has not joined a data node")
          .cause("Its configuration says pool.kind: remote")
          .remedy("Join one: dvx host join --help")
          .detail("file", file)
          .build();
    }
    try {
      Reached reached = Json.lenient().readValue(PrivateFiles.read(file, MAX_FILE), Reached.class);
      return new JoinedDataNode(
          RemoteSettings.of(reached.address(), reached.port(), reached.certificateSha256()),
          identity(folder));
    } catch (IOException e) {
      throw DvxException.of(Kind.CORRUPT, "The note of the data node cannot be read")
          .causedBy(e)
          .remedy("Join it again: dvx host join --help")
          .detail("file", file)
          .build();
    }
  }

  /** Joins a data node with a token, and notes it. */
  public static void join(Path folder, RemoteSettings settings, String host, String token) {
    PrivateFiles.createFolder(folder);
    Joining.join(settings, identity(folder), host, token);
    try {
      PrivateFiles.write(
          folder.resolve(FILE),
          Json.lenient()
              .writerWithDefaultPrettyPrinter()
              .writeValueAsBytes(
                  new Reached(settings.address(), settings.port(), settings.fingerprint())));
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a record of texts and numbers can be written", e);
    }
  }

  /** The certificate of a folder's host or data node, made when there is none. */
  static NodeTls.Identity identity(Path folder) {
    Path tls = folder.resolve("pool-tls");
    PrivateFiles.createFolder(tls);
    TlsIdentity own =
        TlsIdentity.openOrGenerate(
            tls.resolve("certificate.pem"), tls.resolve("private-key.pem"), List.of());
    return new NodeTls.Identity(own.chain(), own.key());
  }
}
