package org.opendvx.core.testing;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.pool.local.DriveFile;
import org.opendvx.core.pool.local.DriveFolder;
import org.opendvx.core.pool.local.FileSystemFolder;

/**
 * Folders on one small file system that others write to as well, as far as room is concerned: real
 * files, of which no more than a number of bytes may be. Thread-safe.
 */
public final class SharedFileSystem {
  private final long size;
  private long used;
  private long others;

  /** An empty one. */
  public SharedFileSystem(long size) {
    this.size = size;
  }

  /** A folder on it. */
  public DriveFolder folder(Path root) {
    return new Folder(new FileSystemFolder(root));
  }

  /** Another program takes all that is left, but so many bytes. */
  public synchronized void fill(long left) {
    others = Math.max(0, size - used - left);
  }

  /** The other program gives back what it has. */
  public synchronized void empty() {
    others = 0;
  }

  private synchronized long free() {
    return Math.max(0, size - used - others);
  }

  private synchronized void take(long bytes) throws IOException {
    if (bytes > free()) {
      throw new IOException("No space left on device");
    }
    used += bytes;
  }

  private synchronized void give(long bytes) {
    used -= bytes;
  }

  private final class Folder implements DriveFolder {
    private final DriveFolder folder;

    Folder(DriveFolder folder) {
      this.folder = folder;
    }

    private long size(String name) throws IOException {
      try (DriveFile file = folder.open(name, false)) {
        return file.size();
      } catch (NoSuchFileException _) {
        return 0;
      }
    }

    @Override
    public Path root() {
      return folder.root();
    }

    @Override
    public DriveFile open(String name, boolean create) throws IOException {
      long before = create ? size(name) : 0;
      DriveFile file = folder.open(name, create);
      give(before);
      return new Counted(file);
    }

    @Override
    public void list(String directory, Consumer<String> visitor) throws IOException {
      folder.list(directory, visitor);
    }

    @Override
    public void createDirectories(String directory) throws IOException {
      folder.createDirectories(directory);
    }

    @Override
    public void rename(String from, String to) throws IOException {
      long before = size(to);
      folder.rename(from, to);
      give(before);
    }

    @Override
    public void delete(String name) throws IOException {
      long before = size(name);
      folder.delete(name);
      give(before);
    }

    @Override
    public void forceDirectory(String directory) throws IOException {
      folder.forceDirectory(directory);
    }

    @Override
    public Object identity(String name) throws IOException {
      return folder.identity(name);
    }

    @Override
    public @Nullable Closeable tryLock(String name) throws IOException {
      return folder.tryLock(name);
    }

    @Override
    public long freeBytes() {
      return free();
    }

    @Override
    public Object fileSystem() {
      return SharedFileSystem.this;
    }
  }

  private final class Counted implements DriveFile {
    private final DriveFile file;

    Counted(DriveFile file) {
      this.file = file;
    }

    @Override
    public int read(ByteBuffer target, long position) throws IOException {
      return file.read(target, position);
    }

    @Override
    public synchronized void write(ByteBuffer source, long position) throws IOException {
      take(Math.max(0, position + source.remaining() - file.size()));
      file.write(source, position);
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
