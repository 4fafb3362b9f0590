package org.opendvx.core.pool.local;

import java.io.Closeable;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.pool.FreeSpace;

/** A drive that is a folder of a local file system. */
public final class FileSystemFolder implements DriveFolder {
  private final Path root;
  private final DirectFiles direct;

  /** The drive at a path. */
  public FileSystemFolder(Path root) {
    this.root = root;
    this.direct = new DirectFiles(root);
  }

  @Override
  public Path root() {
    return root;
  }

  @Override
  public DriveFile open(String name, boolean create) throws IOException {
    Path file = root.resolve(name);
    return new ChannelFile(
        create
            ? FileChannel.open(
                file,
                StandardOpenOption.READ,
                StandardOpenOption.WRITE,
                StandardOpenOption.CREATE,
                StandardOpenOption.TRUNCATE_EXISTING)
            : FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE));
  }

  @Override
  public DriveFile openDirect(String name, boolean create) throws IOException {
    return direct.open(root.resolve(name), create);
  }

  @Override
  public void list(String directory, Consumer<String> visitor) throws IOException {
    try (DirectoryStream<Path> names = Files.newDirectoryStream(root.resolve(directory))) {
      for (Path name : names) {
        visitor.accept(String.valueOf(name.getFileName()));
      }
    } catch (java.nio.file.DirectoryIteratorException e) {
      throw e.getCause();
    }
  }

  @Override
  public void createDirectories(String directory) throws IOException {
    Files.createDirectories(root.resolve(directory));
  }

  @Override
  public void rename(String from, String to) throws IOException {
    Files.move(
        root.resolve(from),
        root.resolve(to),
        StandardCopyOption.ATOMIC_MOVE,
        StandardCopyOption.REPLACE_EXISTING);
  }

  @Override
  public void delete(String name) throws IOException {
    Files.deleteIfExists(root.resolve(name));
  }

  @Override
  public void forceDirectory(String directory) throws IOException {
    try (FileChannel channel = FileChannel.open(root.resolve(directory), StandardOpenOption.READ)) {
      channel.force(true);
    }
  }

  @Override
  public Object identity(String name) throws IOException {
    BasicFileAttributes attributes =
        Files.readAttributes(root.resolve(name), BasicFileAttributes.class);
    Object key = attributes.fileKey();
    return key != null ? key : attributes.creationTime();
  }

  @Override
  public @Nullable Closeable tryLock(String name) throws IOException {
    FileChannel channel =
        FileChannel.open(
            root.resolve(name),
            StandardOpenOption.READ,
            StandardOpenOption.WRITE,
            StandardOpenOption.CREATE);
    try {
      FileLock lock = channel.tryLock();
      if (lock != null) {
        return channel;
      }
    } catch (OverlappingFileLockException _) {
      // Held by this very process: the same answer as when another one holds it.
    } catch (IOException e) {
      channel.close();
      throw e;
    }
    channel.close();
    return null;
  }

  @Override
  public long freeBytes() throws IOException {
    return FreeSpace.usableBytes(root);
  }

  @Override
  public Object fileSystem() throws IOException {
    return Files.getAttribute(root, "unix:dev");
  }
}
