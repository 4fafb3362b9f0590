package org.opendvx.server.service;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.server.security.PrivateFiles;

/**
 * The folders in which drives are looked for: those of the configuration, and those that were added
 * while the node ran, which a file of the data folder remembers. Thread-safe.
 */
public final class DriveFolders {
  private static final String NAME = "drives.added";

  private final Path file;
  private final List<Path> configured;

  /**
   * Folders.
   *
   * @param data the data folder
   */
  public DriveFolders(Path data, List<Path> configured) {
    this.file = data.resolve(NAME);
    this.configured = configured.stream().map(DriveFolders::plain).toList();
  }

  /** All of them, each once. */
  public synchronized List<Path> all() {
    Set<Path> all = new LinkedHashSet<>(configured);
    all.addAll(added());
    return List.copyOf(all);
  }

  /** Remembers a folder; one that turns out to be no drive does no harm. */
  public synchronized void remember(Path folder) {
    if (all().contains(plain(folder))) {
      return;
    }
    List<String> lines = new ArrayList<>(added().stream().map(Path::toString).toList());
    lines.add(plain(folder).toString());
    PrivateFiles.write(file, (String.join("\n", lines) + "\n").getBytes(StandardCharsets.UTF_8));
  }

  private List<Path> added() {
    if (!Files.exists(file)) {
      return List.of();
    }
    try {
      return Files.readAllLines(file).stream()
          .filter(line -> !line.isBlank())
          .map(Path::of)
          .toList();
    } catch (IOException e) {
      throw DvxException.of(Kind.UNAVAILABLE, "The list of added drives cannot be read")
          .causedBy(e)
          .remedy("Restore the file, or add the folders to the configuration")
          .detail("file", file)
          .build();
    }
  }

  private static Path plain(Path folder) {
    return folder.toAbsolutePath().normalize();
  }
}
