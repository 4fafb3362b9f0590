package org.opendvx.server.bench.ledger;

import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.zip.CRC32C;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.server.bench.pattern.PatternSettings;

/**
 * A file that says which writes were sent and which must survive, for a check after the server's
 * crash, by this process or another. It outlives crashes of the server, not of the client's
 * machine: it is never synced.
 *
 * <p>Big-endian. Head of 80 bytes: magic "DVXACKS1", base generation u64, seed u64, file bytes u64,
 * compressibility f64, block size u32, files u32, unit u32, duplicate percent u32, duplicate pool
 * u32, zeros, CRC-32C of the bytes before u32. Then records of 16 bytes: kind (1 sent, 2 durable)
 * u8 and file u24, block u32, step u32, CRC-32C of the bytes before u32. A record that is cut short
 * or fails its check ends the log.
 */
public final class AckLog implements BlockLedger.Recorder, Closeable {
  private static final long MAGIC = 0x445658_41434B5331L;
  private static final int HEAD = 80;
  private static final int RECORD = 16;
  private static final int ISSUED = 1;
  private static final int DURABLE = 2;
  private static final int BUFFER = 4096 * RECORD;

  private final Head head;
  private final FileChannel channel;
  private final ByteBuffer buffer = ByteBuffer.allocate(BUFFER);
  private final CRC32C crc = new CRC32C();

  /**
   * What a log is about.
   *
   * @param span files and blocks
   * @param pattern content
   * @param base generation from which steps count
   */
  public record Head(Span span, PatternSettings pattern, long base) {}

  private AckLog(Head head, FileChannel channel) {
    this.head = head;
    this.channel = channel;
  }

  /** What this log is about. */
  public Head head() {
    return head;
  }

  /** Reads the head of a log that is there. */
  public static Head readHead(Path file) {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      ByteBuffer in = ByteBuffer.allocate(HEAD);
      while (in.hasRemaining() && channel.read(in) >= 0) {}
      if (in.hasRemaining()
          || in.getLong(0) != MAGIC
          || in.getInt(HEAD - 4) != checksum(in.array())) {
        throw DvxException.of(Kind.CORRUPT, "'" + file + "' is no log of acknowledgements")
            .cause("Its head is short or does not match its checksum")
            .remedy("Give the file that --ack-log has written")
            .build();
      }
      in.position(8);
      long base = in.getLong();
      long seed = in.getLong();
      long fileBytes = in.getLong();
      double compressibility = in.getDouble();
      int blockSize = in.getInt();
      int files = in.getInt();
      int unit = in.getInt();
      return new Head(
          new Span(files, fileBytes, blockSize),
          new PatternSettings(seed, unit, compressibility, in.getInt(), in.getInt()),
          base);
    } catch (IOException e) {
      throw unreadable(file, e);
    }
  }

  /** Begins a log, or goes on with the one that is there if it is about the same. */
  public static AckLog open(Path file, Head wanted) {
    try {
      if (Files.exists(file) && Files.size(file) > 0) {
        Head found = readHead(file);
        if (!found.span().equals(wanted.span()) || !found.pattern().equals(wanted.pattern())) {
          throw DvxException.of(Kind.CONFLICT, "'" + file + "' is about another load")
              .cause("Its files, blocks or content differ from what was asked for")
              .remedy("Repeat the load with the same options, or give a new file")
              .detail("log", found)
              .detail("asked", wanted)
              .build();
        }
        FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE);
        channel.position(HEAD + (channel.size() - HEAD) / RECORD * RECORD);
        return new AckLog(found, channel);
      }
      AckLog log =
          new AckLog(
              wanted, FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE));
      log.writeHead();
      return log;
    } catch (IOException e) {
      throw unreadable(file, e);
    }
  }

  /** Tells {@code ledger} what the log holds; returns the number of records. */
  public static long replay(Path file, BlockLedger ledger) {
    Span span = ledger.span();
    CRC32C crc = new CRC32C();
    long records = 0;
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      channel.position(HEAD);
      ByteBuffer in = ByteBuffer.allocate(BUFFER);
      while (channel.read(in) >= 0) {
        in.flip();
        while (in.remaining() >= RECORD) {
          int at = in.position();
          crc.reset();
          crc.update(in.array(), at, RECORD - 4);
          if ((int) crc.getValue() != in.getInt(at + RECORD - 4)) {
            return records;
          }
          int kind = in.getInt(at) >>> 24;
          int fileNumber = in.getInt(at) & 0xFFFFFF;
          int block = in.getInt(at + 4);
          if (fileNumber >= span.files() || block < 0 || block >= span.blocks()) {
            return records;
          }
          if (kind == ISSUED) {
            ledger.restoreIssued(fileNumber, block, in.getInt(at + 8));
          } else {
            ledger.restoreDurable(fileNumber, block, in.getInt(at + 8));
          }
          records++;
          in.position(at + RECORD);
        }
        in.compact();
      }
    } catch (IOException e) {
      throw unreadable(file, e);
    }
    return records;
  }

  @Override
  public void issued(int file, int block, int step) {
    append(ISSUED, file, block, step);
  }

  @Override
  public void durable(int file, int block, int step) {
    append(DURABLE, file, block, step);
  }

  private void append(int kind, int file, int block, int step) {
    if (buffer.remaining() < RECORD) {
      flush();
    }
    int at = buffer.position();
    buffer.putInt(kind << 24 | file).putInt(block).putInt(step);
    crc.reset();
    crc.update(buffer.array(), at, RECORD - 4);
    buffer.putInt((int) crc.getValue());
  }

  /** Hands what is buffered to the operating system. */
  public void flush() {
    try {
      buffer.flip();
      while (buffer.hasRemaining()) {
        channel.write(buffer);
      }
      buffer.clear();
    } catch (IOException e) {
      throw new UncheckedIOException("the log of acknowledgements cannot be written", e);
    }
  }

  private void writeHead() {
    ByteBuffer out = ByteBuffer.allocate(HEAD);
    PatternSettings pattern = head.pattern();
    out.putLong(MAGIC).putLong(head.base()).putLong(pattern.seed());
    out.putLong(head.span().fileBytes()).putDouble(pattern.compressibility());
    out.putInt(head.span().blockSize()).putInt(head.span().files()).putInt(pattern.unitSize());
    out.putInt(pattern.duplicatePercent()).putInt(pattern.duplicatePool());
    out.putInt(HEAD - 4, checksum(out.array()));
    buffer.put(out.array());
    flush();
  }

  private static int checksum(byte[] head) {
    CRC32C crc = new CRC32C();
    crc.update(head, 0, HEAD - 4);
    return (int) crc.getValue();
  }

  private static DvxException unreadable(Path file, IOException e) {
    return DvxException.of(Kind.UNAVAILABLE, "The log of acknowledgements cannot be used")
        .causedBy(e)
        .remedy("Check the path and its permissions")
        .detail("file", file)
        .build();
  }

  @Override
  public void close() {
    flush();
    try {
      channel.close();
    } catch (IOException e) {
      throw new UncheckedIOException("the log of acknowledgements cannot be closed", e);
    }
  }
}
