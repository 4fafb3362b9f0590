package org.opendvx.core.pool.local;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Files of one folder that are written past the page cache (O_DIRECT): what is written once and
 * forced at once gains nothing from a copy there, and making the copy costs more processor time
 * than all else that is done to it. Where the file system cannot do it, which may show at the first
 * write only, files are written the ordinary way. Thread-safe.
 */
final class DirectFiles {
  private static final Logger LOG = LoggerFactory.getLogger(DirectFiles.class);

  /** The JDK's option for it, in a package that the compiler warns of; null where it has none. */
  private static final @Nullable OpenOption DIRECT = option();

  private final Path root;
  private volatile Fitness fitness = Fitness.UNKNOWN;

  /** What is known of the file system. */
  private enum Fitness {
    UNKNOWN,
    PROVEN,
    UNFIT
  }

  /** The files of a folder. */
  DirectFiles(Path root) {
    this.root = root;
  }

  /** Opens a file: see {@link DriveFolder#openDirect}. */
  DriveFile open(Path file, boolean create) throws IOException {
    Set<OpenOption> options = new HashSet<>();
    options.add(StandardOpenOption.READ);
    options.add(StandardOpenOption.WRITE);
    if (create) {
      options.add(StandardOpenOption.CREATE);
      options.add(StandardOpenOption.TRUNCATE_EXISTING);
    }
    if (fitness == Fitness.UNKNOWN && Layout.BLOCK % Files.getFileStore(root).getBlockSize() != 0) {
      unfit("its blocks are larger than those of a pool");
    }
    OpenOption option = DIRECT;
    if (fitness == Fitness.UNFIT || option == null) {
      return new ChannelFile(FileChannel.open(file, options));
    }
    Set<OpenOption> direct = new HashSet<>(options);
    direct.add(option);
    try {
      return new DirectFile(file, FileChannel.open(file, direct));
    } catch (NoSuchFileException e) {
      throw e;
    } catch (UnsupportedOperationException e) {
      return ordinary(file, options, e);
    } catch (IOException e) {
      if (fitness == Fitness.PROVEN || IoErrors.isNoSpace(e)) {
        throw e;
      }
      return ordinary(file, options, e);
    }
  }

  /** Opens a file that cannot be opened for direct writing: fails too if that is not why. */
  private DriveFile ordinary(Path file, Set<OpenOption> options, Exception reason)
      throws IOException {
    DriveFile opened = new ChannelFile(FileChannel.open(file, options));
    unfit(String.valueOf(reason.getMessage()));
    return opened;
  }

  private static @Nullable OpenOption option() {
    try {
      for (Object each : Class.forName("com.sun.nio.file.ExtendedOpenOption").getEnumConstants()) {
        if (each instanceof OpenOption found && each.toString().equals("DIRECT")) {
          return found;
        }
      }
    } catch (ClassNotFoundException e) {
      LOG.info("This Java cannot write past the page cache", e);
    }
    return null;
  }

  private void unfit(String reason) {
    fitness = Fitness.UNFIT;
    LOG.info("{} is written through the page cache: {}", root, reason);
  }

  /** A file that is written past the page cache, as long as that works. */
  private final class DirectFile implements DriveFile {
    private final Path path;
    private volatile ChannelFile file;

    DirectFile(Path path, FileChannel channel) {
      this.path = path;
      this.file = new ChannelFile(channel);
    }

    @Override
    public int read(ByteBuffer target, long position) throws IOException {
      return file.read(target, position);
    }

    @Override
    public void write(ByteBuffer source, long position) throws IOException {
      int from = source.position();
      try {
        file.write(source, position);
        fitness = Fitness.PROVEN;
      } catch (IOException e) {
        if (fitness == Fitness.PROVEN || IoErrors.isNoSpace(e)) {
          throw e;
        }
        // The same bytes the ordinary way: fails again unless direct writing was what is wrong.
        ChannelFile direct = file;
        file =
            new ChannelFile(
                FileChannel.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE));
        direct.close();
        file.write(source.position(from), position);
        unfit(String.valueOf(e.getMessage()));
      }
    }

    @Override
    public void force(boolean metadata) throws IOException {
      file.force(metadata);
    }

    @Override
    public long size() throws IOException {
      return file.size();
    }

    @Override
    public void close() throws IOException {
      file.close();
    }
  }
}
