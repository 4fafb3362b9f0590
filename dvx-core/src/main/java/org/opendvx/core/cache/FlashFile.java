package org.opendvx.core.cache;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.opendvx.core.pool.FreeSpace;

/**
 * A block device, a file, or a file in a folder that must exist: a mount that is gone is noticed.
 */
public final class FlashFile implements FlashDevice {
  private static final String NAME = "dvx-flash";

  private final FileChannel channel;
  private final Path file;
  private final long size;

  private FlashFile(FileChannel channel, Path file, long size) {
    this.channel = channel;
    this.file = file;
    this.size = size;
  }

  /**
   * Opens a device.
   *
   * @param path a block device, a file that is there, or a folder
   * @param capacity bytes to use; 0: all of a block device or file, 9/10 of a folder's free space
   */
  public static FlashFile open(Path path, long capacity) throws IOException {
    Path file = Files.isDirectory(path) ? path.resolve(NAME) : path;
    boolean inFolder = !file.equals(path);
    FileChannel channel =
        inFolder
            ? FileChannel.open(
                file, StandardOpenOption.READ, StandardOpenOption.WRITE, StandardOpenOption.CREATE)
            : FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE);
    boolean done = false;
    try {
      lock(channel);
      long there = channel.size();
      long size = capacity;
      if (capacity == 0) {
        size = inFolder ? (FreeSpace.usableBytes(path) + there) / 10 * 9 : there;
      }
      done = true;
      return new FlashFile(channel, file, size);
    } finally {
      if (!done) {
        channel.close();
      }
    }
  }

  /** Held until the channel is closed. */
  private static void lock(FileChannel channel) throws IOException {
    try {
      if (channel.tryLock() == null) {
        throw new IOException("another process uses it");
      }
    } catch (OverlappingFileLockException e) {
      throw new IOException("this process uses it already", e);
    }
  }

  @Override
  public long size() {
    return size;
  }

  @Override
  public void read(ByteBuffer target, long position) throws IOException {
    long at = position;
    while (target.hasRemaining()) {
      int count = channel.read(target, at);
      if (count < 0) {
        throw new EOFException("nothing was written there");
      }
      at += count;
    }
  }

  @Override
  public void write(ByteBuffer source, long position) throws IOException {
    if (!Files.exists(file)) {
      throw new IOException("it is gone");
    }
    long at = position;
    while (source.hasRemaining()) {
      at += channel.write(source, at);
    }
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }

  @Override
  public String toString() {
    return file.toString();
  }
}
