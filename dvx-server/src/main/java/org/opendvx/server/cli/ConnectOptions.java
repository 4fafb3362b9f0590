package org.opendvx.server.cli;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.server.api.Json;
import org.opendvx.server.api.NodeAccess;
import org.opendvx.server.security.PrivateFiles;
import picocli.CommandLine.Option;

/** Which node, and with which token. */
final class ConnectOptions {
  private static final int MAX_NODE_FILE = 1 << 16;

  @Option(
      names = "--url",
      paramLabel = "URL",
      description =
          "Address of the node, such as https://dvx.example:7443. Else DVX_URL; else the"
              + " node that runs in the data folder.")
  private @Nullable String url;

  @Option(
      names = "--token-file",
      paramLabel = "FILE",
      description =
          "File with the token. Else DVX_TOKEN, DVX_TOKEN_FILE; else the data folder's"
              + " admin.token.")
  private @Nullable String tokenFile;

  @Option(
      names = "--certificate-sha256",
      paramLabel = "HEX",
      description = "SHA-256 of the node's certificate. Else DVX_CERTIFICATE_SHA256.")
  private @Nullable String sha256;

  @Option(
      names = "--ca-file",
      paramLabel = "FILE",
      description = "PEM file with the node's certificate or its authority. Else DVX_CA_FILE.")
  private @Nullable String caFile;

  @Option(
      names = "--data",
      paramLabel = "DIR",
      description = "Data folder of a node on this machine. Else DVX_DATA; else ./data.")
  private @Nullable String data;

  /** The data folder that was named; null when a configuration is to say it. */
  @Nullable Path dataFolder(Environment environment, boolean hasConfiguration) {
    return data == null && hasConfiguration ? null : folder(environment);
  }

  /** A client for the node that was meant. */
  RestClient connect(Environment environment) {
    Optional<String> given = given(url, environment, "DVX_URL");
    Optional<NodeAccess> local =
        given.isPresent() && data == null ? Optional.empty() : localNode(environment);
    URI base =
        address(given.or(() -> local.map(NodeAccess::rest)).orElseThrow(() -> noNode(environment)));
    return new RestClient(base, token(environment, local), trust(environment, local));
  }

  private String token(Environment environment, Optional<NodeAccess> local) {
    if (tokenFile != null) {
      return PrivateFiles.readSecret(environment.path(tokenFile));
    }
    return environment
        .variable("DVX_TOKEN")
        .or(
            () ->
                environment
                    .variable("DVX_TOKEN_FILE")
                    .or(() -> local.map(NodeAccess::tokenFile))
                    .map(file -> PrivateFiles.readSecret(environment.path(file))))
        .orElseThrow(
            () ->
                DvxException.of(Kind.UNAUTHENTICATED, "There is no token")
                    .cause("None is given, and there is no node in the data folder")
                    .remedy("Give one by --token-file, DVX_TOKEN_FILE or DVX_TOKEN")
                    .build());
  }

  private SSLContext trust(Environment environment, Optional<NodeAccess> local) {
    Optional<String> pin = given(sha256, environment, "DVX_CERTIFICATE_SHA256");
    if (pin.isPresent()) {
      return ServerTrust.pinned(pin.get());
    }
    Optional<String> file = given(caFile, environment, "DVX_CA_FILE");
    if (file.isPresent()) {
      return ServerTrust.authorities(environment.path(file.get()));
    }
    return local
        .map(node -> ServerTrust.pinned(node.certificateSha256()))
        .orElseGet(ServerTrust::system);
  }

  private static Optional<String> given(
      @Nullable String option, Environment environment, String variable) {
    return option != null ? Optional.of(option) : environment.variable(variable);
  }

  private Path folder(Environment environment) {
    return environment.path(given(data, environment, "DVX_DATA").orElse("data"));
  }

  private Optional<NodeAccess> localNode(Environment environment) {
    Path file = folder(environment).resolve("node.json");
    if (!Files.exists(file)) {
      return Optional.empty();
    }
    try {
      return Optional.of(
          Json.lenient().readValue(PrivateFiles.read(file, MAX_NODE_FILE), NodeAccess.class));
    } catch (IOException e) {
      throw DvxException.of(Kind.CORRUPT, "The data folder does not tell how to reach its node")
          .causedBy(e)
          .remedy("Restart the node, or give --url and --token-file")
          .detail("file", file)
          .build();
    }
  }

  private DvxException noNode(Environment environment) {
    return DvxException.of(Kind.NOT_FOUND, "There is no node to talk to")
        .cause("No address is given, and no node runs in the data folder")
        .remedy("Start one with dvx serve, or name it by --url or DVX_URL")
        .detail("data folder", folder(environment).toAbsolutePath().normalize())
        .build();
  }

  private static URI address(String text) {
    try {
      URI address = URI.create(text);
      if ("https".equals(address.getScheme()) && address.getHost() != null) {
        return address;
      }
    } catch (IllegalArgumentException e) {
      throw badAddress(text);
    }
    throw badAddress(text);
  }

  private static DvxException badAddress(String text) {
    return DvxException.of(Kind.INVALID, "The node's address cannot be used")
        .cause("It has the form https://HOST:PORT")
        .remedy("Correct --url or DVX_URL")
        .detail("address", text)
        .build();
  }
}
