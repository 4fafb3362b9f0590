package org.opendvx.server.demo.vm;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.util.List;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.server.process.Program;
import org.opendvx.server.process.Trees;

/** Makes disk images with a real ext4 file system that holds real files of this machine. */
public final class FileSystemImage {
  private static final long LARGEST_FILE = 16L << 20;
  private static final Duration LIMIT = Duration.ofSeconds(60);
  private static final Duration CHECK_LIMIT = Duration.ofSeconds(60);

  private final Program programs;
  private final Path folder;

  /**
   * A maker.
   *
   * @param folder for the files while they are gathered
   */
  public FileSystemImage(Program programs, Path folder) {
    this.programs = programs;
    this.folder = folder;
  }

  /**
   * Where files are taken from.
   *
   * @param folder may be missing
   * @param mostFiles of this folder; mke2fs takes its time with many small ones
   * @param leastBytes of a file
   */
  public record Source(Path folder, int mostFiles, long leastBytes) {}

  /**
   * What an image holds.
   *
   * @param files how many
   * @param bytes of all of them
   */
  public record Content(int files, long bytes) {}

  /**
   * Makes an image.
   *
   * @param image a file that is not there yet
   * @param sources tried in this order
   * @param content bytes of files to take at most; well below {@code size}
   * @param size of the image in bytes
   */
  public Content make(Path image, List<Source> sources, long content, long size)
      throws IOException, InterruptedException {
    Path stage = Files.createTempDirectory(folder, "stage-");
    try {
      Gatherer gatherer = new Gatherer(stage, content);
      for (Source source : sources) {
        if (Files.isDirectory(source.folder())) {
          gatherer.take(source);
        }
      }
      programs.demand(
          "No file system could be made",
          LIMIT,
          List.of(
              "mke2fs",
              "-q",
              "-F",
              "-t",
              "ext4",
              "-b",
              "4096",
              "-d",
              stage.toString(),
              image.toString(),
              size / 1024 + "k"));
      return new Content(gatherer.files, gatherer.bytes);
    } finally {
      Trees.delete(stage);
    }
  }

  /** Has e2fsck look over a whole image without changing it; false when it finds a fault. */
  public boolean isSound(Path image) throws IOException, InterruptedException {
    Program.Outcome outcome = programs.run(CHECK_LIMIT, List.of("e2fsck", "-fn", image.toString()));
    if (outcome.exit() >= 16) {
      throw DvxException.of(Kind.INTERNAL, "The file system could not be checked")
          .cause("e2fsck ended with " + outcome.exit() + ": " + outcome.errors().strip())
          .build();
    }
    return outcome.isGood();
  }

  /** Copies files until there are enough; what cannot be read is left out. */
  private static final class Gatherer {
    private final Path stage;
    private final long most;
    private int files;
    private long bytes;

    Gatherer(Path stage, long most) {
      this.stage = stage;
      this.most = most;
    }

    void take(Source source) throws IOException {
      int until = files + source.mostFiles();
      Files.walkFileTree(
          source.folder().toRealPath(),
          new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
                throws IOException {
              long size = attributes.size();
              if (attributes.isRegularFile()
                  && size >= source.leastBytes()
                  && size <= LARGEST_FILE
                  && bytes + size <= most) {
                copy(file, size);
              }
              boolean enough = files >= until || bytes >= most - most / 64;
              return enough ? FileVisitResult.TERMINATE : FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFileFailed(Path file, IOException error) {
              return FileVisitResult.CONTINUE;
            }
          });
    }

    private void copy(Path file, long size) throws IOException {
      Path target = stage.resolve(Path.of("/").relativize(file.toAbsolutePath()));
      if (Files.exists(target)) {
        // One source lies within another.
        return;
      }
      Files.createDirectories(target.getParent());
      try {
        Files.copy(file, target);
        files++;
        bytes += size;
      } catch (AccessDeniedException _) {
        Files.deleteIfExists(target);
      }
    }
  }
}
