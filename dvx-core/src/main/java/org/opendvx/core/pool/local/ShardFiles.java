package org.opendvx.core.pool.local;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.UUID;

/** Writes shard files, on threads of their drives. */
final class ShardFiles {
  /** Of a shard written anew; never mistaken for one of a put. */
  private static final String REPAIR = ".fix" + Layout.TEMPORARY;

  private ShardFiles() {}

  /**
   * Writes a shard under its temporary name, durably.
   *
   * @param source array that holds the shard's bytes
   * @param offset where they begin
   * @param length how many there are; zeros follow up to the shard's length
   */
  static void write(
      DriveIo.Ticket ticket,
      Drive drive,
      UUID pool,
      ShardName name,
      byte[] source,
      int offset,
      int length)
      throws IOException {
    write(ticket, drive, pool, name, source, offset, length, name.temporaryPath());
    drive.folder().forceDirectory(Layout.containerFolder(name.containerId()));
  }

  /** Writes a shard whose file is damaged or gone under a name of its own, durably. */
  static void writeRepaired(
      DriveIo.Ticket ticket, Drive drive, UUID pool, ShardName name, byte[] shard)
      throws IOException {
    write(ticket, drive, pool, name, shard, 0, shard.length, name.path() + REPAIR);
  }

  /** Puts what {@link #writeRepaired} wrote in its place, durably. */
  static void publishRepaired(Drive drive, ShardName name) throws IOException {
    drive.folder().rename(name.path() + REPAIR, name.path());
    drive.folder().forceDirectory(Layout.containerFolder(name.containerId()));
  }

  /**
   * Removes what {@link #writeRepaired} wrote; a crash may bring it back, until the next opening.
   */
  static void removeRepaired(Drive drive, ShardName name) throws IOException {
    drive.folder().delete(name.path() + REPAIR);
  }

  /** Gives a shard its final name, durably. */
  static void publish(Drive drive, ShardName name) throws IOException {
    drive.folder().rename(name.temporaryPath(), name.path());
    drive.folder().forceDirectory(Layout.containerFolder(name.containerId()));
  }

  /** Removes a shard under any of its names, durably. */
  static void remove(Drive drive, ShardName name) throws IOException {
    removeUnforced(drive, name);
    drive.folder().forceDirectory(Layout.containerFolder(name.containerId()));
  }

  /** Removes a shard under any of its names; a crash may bring it back. */
  static void removeUnforced(Drive drive, ShardName name) throws IOException {
    drive.folder().delete(name.path());
    drive.folder().delete(name.temporaryPath());
    drive.folder().delete(name.path() + REPAIR);
  }

  private static void write(
      DriveIo.Ticket ticket,
      Drive drive,
      UUID pool,
      ShardName name,
      byte[] source,
      int offset,
      int length,
      String path)
      throws IOException {
    ByteBuffer bytes = Buffers.ofThread(name.shape().fileBytes());
    ticket.whileAwaited(() -> bytes.put(ShardHeader.BYTES, source, offset, length));
    for (int at = ShardHeader.BYTES + length; at < bytes.limit(); at++) {
      bytes.put(at, (byte) 0);
    }
    ShardHeader.seal(bytes, pool, name);
    drive.checkPresent();
    try (DriveFile file = drive.folder().openDirect(path, true)) {
      file.write(bytes, 0);
      file.force(true);
    }
  }
}
