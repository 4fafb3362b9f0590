package org.opendvx.server.torture.drive;

import java.io.IOException;
import java.nio.ByteBuffer;
import org.opendvx.core.pool.local.DriveFile;

/** An open file of a drive that lies. Thread-safe. */
final class LyingFile implements DriveFile {
  private static final int SECTOR = 512;

  private final Object lock;
  private final Trouble trouble;
  private final Unforced node;
  private final DriveFile file;

  /**
   * An open file.
   *
   * @param lock of its drive
   * @param node what is not on the drive of it
   * @param file what is on the drive of it
   */
  LyingFile(Object lock, Trouble trouble, Unforced node, DriveFile file) {
    this.lock = lock;
    this.trouble = trouble;
    this.node = node;
    this.file = file;
  }

  @Override
  public int read(ByteBuffer target, long position) throws IOException {
    synchronized (lock) {
      trouble.begin(Fault.Task.READ);
      return node.read(file, target, position);
    }
  }

  @Override
  public void write(ByteBuffer source, long position) throws IOException {
    synchronized (lock) {
      Trouble.Strike strike = trouble.strike(Fault.Task.WRITE);
      if (strike == Trouble.Strike.ERROR || strike == Trouble.Strike.LOST) {
        throw new IOException("Input/output error");
      }
      trouble.take(position + source.remaining() - node.size(file));
      byte[] bytes = new byte[source.remaining()];
      source.get(bytes);
      if (strike == Trouble.Strike.NONE) {
        node.write(file, bytes, position, trouble);
        return;
      }
      tear(bytes, position);
      if (strike == Trouble.Strike.POWER) {
        trouble.cutPower();
      }
      throw new IOException("Input/output error");
    }
  }

  /** Some sectors reach the drive: the first ones, or any. */
  private void tear(byte[] bytes, long position) throws IOException {
    boolean any = trouble.random().nextBoolean();
    int first = trouble.random().nextInt(bytes.length / SECTOR + 1) * SECTOR;
    for (int at = 0; at < bytes.length; at += SECTOR) {
      if (any ? trouble.random().nextBoolean() : at < first) {
        file.write(ByteBuffer.wrap(bytes, at, Math.min(SECTOR, bytes.length - at)), position + at);
      }
    }
  }

  @Override
  public void force(boolean metadata) throws IOException {
    synchronized (lock) {
      switch (trouble.strike(Fault.Task.FORCE)) {
        case NONE -> node.force(file, trouble.random());
        case POWER -> trouble.cutPower();
        case ERROR, TORN -> throw new IOException("Input/output error");
        case LOST -> {
          node.drop(trouble.random().nextBoolean());
          throw new IOException("Input/output error");
        }
      }
    }
  }

  @Override
  public long size() throws IOException {
    synchronized (lock) {
      trouble.begin(Fault.Task.READ);
      return node.size(file);
    }
  }

  @Override
  public void close() throws IOException {
    file.close();
  }
}
