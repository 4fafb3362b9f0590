package org.opendvx.server.datanode;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.pool.datanode.Doorkeeper;
import org.opendvx.server.security.PrivateFiles;

/**
 * The hosts of a data node, one small file each, so that commands and the running data node share
 * them: {@code hosts/<fingerprint>} holds the name, {@code tokens/<SHA-256 of the token>} the end
 * of its time. A token is taken by removing its file, so it works once.
 */
public final class JoinedHosts implements Doorkeeper {
  private static final int TOKEN_BYTES = 32;
  private static final int MAX_FILE = 256;
  private static final int MAX_TOKEN = 128;
  private static final Pattern NAME = Pattern.compile("[a-z0-9-]{1,64}");
  private static final Pattern FINGERPRINT = Pattern.compile("[0-9a-f]{64}");

  private final Path hosts;
  private final Path tokens;
  private final Clock clock;

  /** Those of a data folder. */
  public JoinedHosts(Path folder, Clock clock) {
    this.hosts = folder.resolve("hosts");
    this.tokens = folder.resolve("tokens");
    this.clock = clock;
    PrivateFiles.createFolder(hosts);
    PrivateFiles.createFolder(tokens);
  }

  /** Makes a token that one host can join with, within a time. */
  public String newToken(Duration time) {
    byte[] secret = new byte[TOKEN_BYTES];
    new SecureRandom().nextBytes(secret);
    String token = HexFormat.of().formatHex(secret);
    PrivateFiles.write(
        tokens.resolve(hash(token)),
        (clock.instant().plus(time) + "\n").getBytes(StandardCharsets.UTF_8));
    return token;
  }

  @Override
  public Optional<String> hostOf(String fingerprint) {
    Path file = hosts.resolve(checked(fingerprint));
    return Files.exists(file) ? Optional.of(read(file)) : Optional.empty();
  }

  @Override
  public synchronized void join(String fingerprint, String host, String token) {
    if (!NAME.matcher(host).matches()) {
      throw DvxException.of(Kind.INVALID, "Not a name of a host")
          .cause("A host name is 1 to 64 characters of a-z, 0-9 and -")
          .build();
    }
    take(token);
    // A host that joins again has a new certificate; the old one is not good any more.
    boolean _ = remove(host);
    PrivateFiles.write(
        hosts.resolve(checked(fingerprint)), (host + "\n").getBytes(StandardCharsets.UTF_8));
  }

  @Override
  public synchronized boolean remove(String host) {
    try (Stream<Path> files = Files.list(hosts)) {
      List<Path> earlier =
          files
              .filter(file -> FINGERPRINT.matcher(file.getFileName().toString()).matches())
              .filter(file -> read(file).equals(host))
              .toList();
      for (Path file : earlier) {
        Files.deleteIfExists(file);
      }
      return !earlier.isEmpty();
    } catch (IOException e) {
      throw unusable(e);
    }
  }

  private void take(String token) {
    Path file = tokens.resolve(hash(token.length() > MAX_TOKEN ? "" : token));
    try {
      Instant end = Instant.parse(read(file));
      Files.delete(file);
      if (clock.instant().isAfter(end)) {
        throw refused("Its time is over");
      }
    } catch (NoSuchFileException e) {
      throw refused("It was used, or never given out");
    } catch (IOException e) {
      throw unusable(e);
    } catch (DvxException e) {
      throw e.kind() == Kind.NOT_FOUND ? refused("It was used, or never given out") : e;
    }
  }

  private static String read(Path file) {
    return new String(PrivateFiles.read(file, MAX_FILE), StandardCharsets.UTF_8).strip();
  }

  private static String checked(String fingerprint) {
    if (!FINGERPRINT.matcher(fingerprint).matches()) {
      throw new IllegalArgumentException("no fingerprint");
    }
    return fingerprint;
  }

  private static String hash(String token) {
    try {
      return HexFormat.of()
          .formatHex(
              MessageDigest.getInstance("SHA-256").digest(token.getBytes(StandardCharsets.UTF_8)));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }

  private static DvxException refused(String cause) {
    return DvxException.of(Kind.DENIED, "The token is not good")
        .cause(cause)
        .remedy("Make another one on the data node: dvx datanode token")
        .build();
  }

  private DvxException unusable(IOException e) {
    return DvxException.of(Kind.INTERNAL, "The list of hosts cannot be used")
        .causedBy(e)
        .remedy("Look after the data node's folder")
        .detail("folder", hosts)
        .build();
  }
}
