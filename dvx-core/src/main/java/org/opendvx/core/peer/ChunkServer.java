package org.opendvx.core.peer;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.cache.FlashCache;
import org.opendvx.core.cache.SummaryPart;
import org.opendvx.core.cluster.PeerNetwork;
import org.opendvx.core.datastore.FileChunks;
import org.opendvx.core.log.ChunkAddress;
import org.opendvx.core.log.SlotSource.Verdict;
import org.opendvx.core.peer.ChunkMessages.Cursor;
import org.opendvx.core.peer.ChunkMessages.HotPage;
import org.opendvx.core.peer.ChunkMessages.News;
import org.opendvx.core.peer.ChunkMessages.Summary;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Answers peers about chunks: from flash and memory, never from the pool. What is too much is
 * refused, which a peer takes as "not here". Thread-safe.
 */
final class ChunkServer implements PeerNetwork.Handler {
  private static final Logger LOG = LoggerFactory.getLogger(ChunkServer.class);

  /** Blocks that are looked at for a page of hot chunks. */
  private static final int LOOKED_AT = 128 << 10;

  private static final int STEP = 4096;

  /** Groups in a reply about all parts: 2 MiB. */
  private static final int MOST_GROUPS = 256 << 10;

  private final PeerDirectory directory;
  private final List<String> beside;
  private final @Nullable FlashCache flash;
  private final Supplier<List<FileChunks>> files;
  private final PeerSettings settings;
  private final TokenBucket rate;
  private final Map<String, Semaphore> atOnce = new ConcurrentHashMap<>();
  final LongAdder servedChunks = new LongAdder();
  final LongAdder servedBytes = new LongAdder();
  final LongAdder refusals = new LongAdder();

  /**
   * A server.
   *
   * @param directory the hosts that are answered
   * @param beside names of the hypervisor host that this host serves, at most 255
   * @param files of the roots that are served here
   */
  ChunkServer(
      PeerDirectory directory,
      List<String> beside,
      @Nullable FlashCache flash,
      Supplier<List<FileChunks>> files,
      PeerSettings settings) {
    this.directory = directory;
    this.beside = beside;
    this.flash = flash;
    this.files = files;
    this.settings = settings;
    this.rate = new TokenBucket(settings.serveBytes());
  }

  @Override
  public CompletableFuture<byte[]> call(String from, byte[] request) {
    // A host that was removed has a certificate yet, and no lease.
    if (!directory.endpoints().containsKey(from)) {
      refusals.increment();
      return CompletableFuture.completedFuture(ChunkMessages.refused());
    }
    Semaphore room = atOnce.computeIfAbsent(from, _ -> new Semaphore(settings.serveAtOnce()));
    if (!room.tryAcquire()) {
      refusals.increment();
      return CompletableFuture.completedFuture(ChunkMessages.busy());
    }
    CompletableFuture<byte[]> reply = new CompletableFuture<>();
    Thread _ =
        Thread.ofVirtual()
            .name("chunks-of-" + from)
            .start(
                () -> {
                  try {
                    reply.complete(answer(request));
                  } catch (BufferUnderflowException | IllegalArgumentException e) {
                    LOG.warn("{} asks for chunks in a way that is not understood", from);
                    reply.complete(ChunkMessages.refused());
                  } catch (RuntimeException e) {
                    LOG.warn("A question of {} about chunks could not be answered", from, e);
                    reply.complete(ChunkMessages.refused());
                  } finally {
                    room.release();
                  }
                });
    return reply;
  }

  private byte[] answer(byte[] request) {
    ByteBuffer in = ByteBuffer.wrap(request);
    byte _ = in.get();
    if (in.get() != ChunkMessages.VERSION) {
      return ChunkMessages.refused();
    }
    return switch (in.get()) {
      case ChunkMessages.FETCH -> fetch(in);
      case ChunkMessages.HEAT -> heat(in);
      case ChunkMessages.HOT -> hot(in);
      case ChunkMessages.SUMMARY -> summary(in);
      case ChunkMessages.PART -> part(in);
      default -> ChunkMessages.refused();
    };
  }

  private static int count(ByteBuffer in, int count, int most) {
    if (count < 0 || count > most || in.remaining() < count * Long.BYTES) {
      throw new IllegalArgumentException("too many");
    }
    return count;
  }

  private byte[] fetch(ByteBuffer in) {
    boolean foreground = in.get() == 0;
    int count = count(in, Short.toUnsignedInt(in.getShort()), ChunkMessages.MOST_FETCHED);
    long[] addresses = ChunkMessages.longs(in, count);
    if (flash == null) {
      return slots(new byte[0][], 0);
    }
    // Somebody waits for what is read in the foreground: it is let through, and counted.
    if (!foreground && !rate.tryTake(0)) {
      refusals.increment();
      return ChunkMessages.busy();
    }
    byte[][] found = new byte[count][];
    int[] length = new int[1];
    flash.serve(
        addresses,
        count,
        (index, bytes, offset, size) -> {
          if (found[index] == null && size <= ChunkMessages.MOST_SLOT) {
            found[index] = Arrays.copyOfRange(bytes, offset, offset + size);
            length[0] += size;
            servedChunks.increment();
          }
          return Verdict.TAKEN;
        });
    servedBytes.add(length[0]);
    rate.spend(length[0]);
    return slots(found, length[0]);
  }

  private static byte[] slots(byte[] @Nullable [] found, int length) {
    int slots = 0;
    for (byte[] slot : found) {
      slots += slot == null ? 0 : 1;
    }
    ByteBuffer out =
        ChunkMessages.message(ChunkMessages.OK, Short.BYTES + slots * 2 * Short.BYTES + length);
    out.putShort((short) slots);
    for (int i = 0; i < found.length; i++) {
      byte[] slot = found[i];
      if (slot != null) {
        out.putShort((short) i).putShort((short) slot.length).put(slot);
      }
    }
    return ChunkMessages.done(out);
  }

  private byte[] heat(ByteBuffer in) {
    int count = count(in, in.getInt(), ChunkMessages.MOST_HEAT);
    List<FileChunks> here = files.get();
    ByteBuffer out = ChunkMessages.message(ChunkMessages.OK, count);
    for (int i = 0; i < count; i++) {
      out.put((byte) heat(in.getLong(), here));
    }
    return ChunkMessages.done(out);
  }

  /**
   * 0 when a chunk is neither on flash nor in memory, else 1 and how often it was read, to 4. What
   * is not in the pool yet cannot be had yet, by nobody.
   */
  private int heat(long address, List<FileChunks> here) {
    int heat = flash == null ? 0 : flash.heat(address);
    for (FileChunks chunks : here) {
      if (chunks.slots().unput(address)) {
        return 0;
      }
      heat = Math.max(heat, chunks.slots().warmth(address));
    }
    return heat;
  }

  private byte[] hot(ByteBuffer in) {
    int count = count(in, in.getInt(), ChunkMessages.MOST_FILES);
    long[] wanted = ChunkMessages.longs(in, count);
    int at = in.getInt();
    long block = in.getLong();
    if (at < 0 || at > count || block < 0) {
      throw new IllegalArgumentException("no such place");
    }
    List<FileChunks> here = files.get();
    List<Integer> absent = new ArrayList<>();
    long[] addresses = new long[ChunkMessages.MOST_HEAT];
    byte[] heats = new byte[ChunkMessages.MOST_HEAT];
    long[] step = new long[STEP];
    int found = 0;
    int looked = 0;
    while (at < count && looked < LOOKED_AT && found <= addresses.length - STEP) {
      int filled = blocks(here, wanted[at], block, step);
      looked += Math.max(1, filled);
      if (filled < 0) {
        absent.add(at);
      }
      for (int i = 0; i < filled; i++) {
        int heat = step[i] == ChunkAddress.HOLE ? 0 : heat(step[i], here);
        if (heat > 0) {
          addresses[found] = step[i];
          heats[found++] = (byte) heat;
        }
      }
      block += Math.max(0, filled);
      if (filled < STEP) {
        at++;
        block = 0;
      }
    }
    return ChunkMessages.hotReply(
        new HotPage(
            new Cursor(at, block),
            absent,
            Arrays.copyOf(addresses, found),
            Arrays.copyOf(heats, found)));
  }

  /** Addresses of blocks; -1 when no root here has the file. */
  private static int blocks(List<FileChunks> here, long file, long first, long[] target) {
    for (FileChunks chunks : here) {
      try {
        return chunks.addresses(file, first, target).join();
      } catch (CompletionException e) {
        LOG.debug("File {} is not here: {}", file, e.getMessage());
      }
    }
    return -1;
  }

  private byte[] summary(ByteBuffer in) {
    int count = in.getInt();
    if (count < 0 || count > ChunkMessages.MOST_PARTS || in.remaining() < count * 2 * Long.BYTES) {
      throw new IllegalArgumentException("too many");
    }
    Map<Long, Long> known = new HashMap<>();
    for (int i = 0; i < count; i++) {
      known.put(in.getLong(), in.getLong());
    }
    List<News> news = new ArrayList<>();
    List<SummaryPart> parts = flash == null ? List.of() : flash.summary();
    int room = MOST_GROUPS;
    for (SummaryPart part : parts.subList(0, Math.min(parts.size(), ChunkMessages.MOST_PARTS))) {
      // Before the groups: what comes in between is sent twice rather than never.
      long additions = part.additions();
      long[] groups =
          part.since(
              known.getOrDefault(part.id(), 0L), Math.min(room, ChunkMessages.MOST_ADDITIONS));
      room -= groups == null ? 0 : groups.length;
      news.add(
          new News(
              part.id(),
              part.size(),
              additions,
              groups != null,
              groups == null ? new long[0] : groups));
    }
    return ChunkMessages.summaryReply(new Summary(beside, flash != null && flash.serves(), news));
  }

  private byte[] part(ByteBuffer in) {
    long id = in.getLong();
    int from = in.getInt();
    List<SummaryPart> parts = flash == null ? List.of() : flash.summary();
    for (SummaryPart part : parts) {
      if (part.id() == id && from >= 0 && from < part.size()) {
        int count = Math.min(ChunkMessages.MOST_WORDS, part.size() - from);
        ByteBuffer out = ChunkMessages.message(ChunkMessages.OK, count * Long.BYTES);
        for (int i = 0; i < count; i++) {
          out.putLong(part.word(from + i));
        }
        return ChunkMessages.done(out);
      }
    }
    return ChunkMessages.refused();
  }
}
