package org.opendvx.server.service;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.server.api.Json;
import org.opendvx.server.security.PrivateFiles;

/**
 * Keeps the connections that were added while the node runs: a private file in the data folder, and
 * a private file for each password.
 */
public final class HypervisorStore {
  private static final int FORMAT = 1;
  private static final int MAX_FILE = 4 << 20;

  private final ObjectMapper json = Json.lenient();
  private final Path file;
  private final Path secrets;

  private record Entry(String name, String kind, String url, String user, String sha256) {}

  private record Content(int format, List<Entry> hypervisors) {}

  /**
   * A store.
   *
   * @param file where the connections are
   * @param secrets folder for passwords
   */
  public HypervisorStore(Path file, Path secrets) {
    this.file = file;
    this.secrets = secrets;
  }

  /** What is kept. */
  List<HypervisorSettings> load() {
    if (!Files.exists(file)) {
      return List.of();
    }
    Content content;
    try {
      content = json.readValue(PrivateFiles.read(file, MAX_FILE), Content.class);
    } catch (IOException e) {
      throw DvxException.of(Kind.CORRUPT, "The connections to hypervisors cannot be read")
          .cause("The file is damaged")
          .causedBy(e)
          .remedy("Put a copy back; or delete the file and add the connections again")
          .detail("file", file)
          .build();
    }
    if (content.format() > FORMAT) {
      throw DvxException.of(Kind.UNSUPPORTED, "The connections are of an unknown format")
          .cause("A newer version of the program wrote them")
          .remedy("Use that version or a newer one; nothing was changed")
          .detail("file", file)
          .detail("format", content.format())
          .build();
    }
    return content.hypervisors().stream()
        .map(
            entry ->
                HypervisorSettings.of(
                    entry.name(),
                    entry.kind(),
                    entry.url(),
                    entry.user(),
                    passwordFile(entry.name()),
                    entry.sha256(),
                    keptAuthority(entry.name())))
        .toList();
  }

  /** Replaces what is kept. */
  void save(Collection<HypervisorSettings> settings) {
    List<Entry> entries =
        settings.stream()
            .map(
                one ->
                    new Entry(
                        one.name(),
                        one.kind(),
                        one.url().toString(),
                        one.user(),
                        one.certificateSha256()))
            .toList();
    try {
      PrivateFiles.write(
          file,
          json.writerWithDefaultPrettyPrinter().writeValueAsBytes(new Content(FORMAT, entries)));
    } catch (IOException e) {
      throw new IllegalStateException("connections cannot be written as JSON", e);
    }
  }

  /** Where a connection's password is. */
  Path passwordFile(String name) {
    return secrets.resolve(name + ".password");
  }

  /** Where a connection's authority is, if it has one of its own. */
  Path authorityFile(String name) {
    return secrets.resolve(name + ".ca.pem");
  }

  private Path keptAuthority(String name) {
    Path kept = authorityFile(name);
    return Files.exists(kept) ? kept : Path.of("");
  }

  /** Keeps an authority's certificates. */
  void saveAuthority(String name, String pem) {
    PrivateFiles.createFolder(secrets);
    PrivateFiles.write(authorityFile(name), pem.getBytes(StandardCharsets.UTF_8));
  }

  /** Keeps a password. */
  void savePassword(String name, String password) {
    PrivateFiles.createFolder(secrets);
    PrivateFiles.write(passwordFile(name), (password + "\n").getBytes(StandardCharsets.UTF_8));
  }

  /** Forgets a password. */
  void deletePassword(String name) {
    try {
      Files.deleteIfExists(passwordFile(name));
      Files.deleteIfExists(authorityFile(name));
    } catch (IOException e) {
      throw DvxException.of(Kind.INTERNAL, "A password's file cannot be deleted")
          .causedBy(e)
          .remedy("Delete it by hand")
          .detail("file", passwordFile(name))
          .build();
    }
  }
}
