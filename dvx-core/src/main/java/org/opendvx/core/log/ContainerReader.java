package org.opendvx.core.log;

import java.util.OptionalInt;
import java.util.function.LongConsumer;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.log.ContainerFormat.Footer;
import org.opendvx.core.pool.ContainerStore;

/**
 * Sealed slots out of containers in the pool: the table of contents says where they are, and
 * neighbours are read together. Blocks; thread-safe.
 */
final class ContainerReader {
  /** Bytes read at the end of a container: holds its table as a rule. */
  private static final int TAIL = 136 << 10;

  /** Bytes between two slots that are read along rather than starting a new read. */
  private static final int GAP = 16 << 10;

  private static final int LONGEST_READ = 1 << 20;

  private final ContainerStore store;
  private final ContainerPlaces places;
  private final TocCache tocs;
  private final LongConsumer unreadable;
  private final ReadBuffers buffers = new ReadBuffers(LONGEST_READ);

  /**
   * A reader.
   *
   * @param unreadable told of addresses that could not be read
   */
  ContainerReader(
      ContainerStore store, ContainerPlaces places, TocCache tocs, LongConsumer unreadable) {
    this.store = store;
    this.places = places;
    this.tocs = tocs;
    this.unreadable = unreadable;
  }

  /**
   * Reads slots.
   *
   * @param sorted ascending addresses, none twice
   * @param sink gets each slot once
   * @throws DvxException CORRUPT when a slot is not there
   */
  void read(long[] sorted, int count, SlotConsumer sink) {
    ReadBuffers.Loan buffer = buffers.loan();
    try {
      read(sorted, count, buffer, sink);
    } finally {
      buffer.end();
    }
  }

  private void read(long[] sorted, int count, ReadBuffers.Loan buffer, SlotConsumer sink) {
    int done = 0;
    long lastMissing = -1;
    while (done < count) {
      long container = ChunkAddress.container(sorted[done]);
      long place = places.placeOf(container);
      try {
        Toc toc = toc(place);
        Run run = new Run(toc, sorted, done, count);
        byte[] bytes = buffer.bytes(run.length());
        store.read(place, run.start, run.length(), bytes, 0);
        for (; done < run.endIndex; done++) {
          int entry = toc.entryOf(sorted[done]);
          sink.slot(done, bytes, toc.offset(entry) - run.start, toc.length(entry));
        }
      } catch (DvxException e) {
        if (e.kind() == Kind.CORRUPT) {
          unreadable.accept(sorted[done]);
        }
        if (e.kind() != Kind.NOT_FOUND) {
          throw e;
        }
        // The cleaner may have moved it since its place was looked up: look again, as long as it
        // is somewhere else each time.
        tocs.forget(place);
        places.lookAgain(container);
        if (container == lastMissing && places.placeOf(container) == place) {
          unreadable.accept(sorted[done]);
          throw gone(sorted[done], e);
        }
        lastMissing = container;
      }
    }
  }

  /** Where a container's slots are now. */
  long placeOf(long container) {
    return places.placeOf(container);
  }

  /**
   * The table of a container.
   *
   * @throws DvxException NOT_FOUND when there is no such container, CORRUPT when it is damaged
   */
  Toc toc(long place) {
    Toc known = tocs.get(place);
    if (known != null) {
      return known;
    }
    RawToc raw = rawToc(place);
    Toc toc = Toc.parse(place, raw.footer, raw.bytes, raw.at);
    tocs.put(toc);
    return toc;
  }

  /** Entries in a container's table, by its footer. */
  int entries(long place) {
    int length =
        store
            .length(place)
            .orElseThrow(
                () -> DvxException.of(Kind.NOT_FOUND, "There is no container " + place).build());
    if (length < ContainerFormat.HEADER + ContainerFormat.FOOTER) {
      throw ContainerFormat.corrupt(place, "it is too short");
    }
    byte[] footer = new byte[ContainerFormat.FOOTER];
    store.read(place, length - footer.length, footer.length, footer, 0);
    return ContainerFormat.readFooter(footer, 0, place, length).count();
  }

  /** The bytes of a container's table; only the footer is checked. */
  RawToc rawToc(long place) {
    OptionalInt found = store.length(place);
    if (found.isEmpty()) {
      throw DvxException.of(Kind.NOT_FOUND, "There is no container " + place).build();
    }
    int length = found.getAsInt();
    if (length < ContainerFormat.HEADER + ContainerFormat.FOOTER) {
      throw ContainerFormat.corrupt(place, "it is too short");
    }
    int tailLength = Math.min(length, TAIL);
    byte[] tail = new byte[tailLength];
    store.read(place, length - tailLength, tailLength, tail, 0);
    int footerAt = tailLength - ContainerFormat.FOOTER;
    Footer footer = ContainerFormat.readFooter(tail, footerAt, place, length);
    int tocLength = footer.count() * ContainerFormat.TOC_ENTRY;
    if (tocLength <= footerAt) {
      return new RawToc(footer, tail, footerAt - tocLength);
    }
    byte[] whole = new byte[tocLength];
    int missing = tocLength - footerAt;
    store.read(place, footer.tocOffset(), missing, whole, 0);
    System.arraycopy(tail, 0, whole, missing, footerAt);
    return new RawToc(footer, whole, 0);
  }

  private static DvxException gone(long address, DvxException source) {
    return DvxException.of(Kind.CORRUPT, "A stored chunk is missing")
        .causedBy(source)
        .remedy("Restore the file from a snapshot or a backup")
        .detail("address", Long.toHexString(address))
        .build();
  }

  /** A table as stored: {@code footer.count()} entries from {@code at}. */
  @SuppressWarnings("ArrayRecordComponent") // a value carrier; never compared
  record RawToc(Footer footer, byte[] bytes, int at) {}

  /** Receives slots. */
  @FunctionalInterface
  interface SlotConsumer {
    /**
     * One slot.
     *
     * @param index position in the sorted addresses
     */
    void slot(int index, byte[] bytes, int offset, int length);
  }

  /** Addresses from an index on whose slots lie near enough for one read. */
  private static final class Run {
    private final int start;
    private int end;
    private int endIndex;

    Run(Toc toc, long[] sorted, int from, int to) {
      long container = ChunkAddress.container(sorted[from]);
      int first = toc.entryOf(sorted[from]);
      if (first < 0) {
        throw DvxException.of(Kind.NOT_FOUND, "The container has no such slot").build();
      }
      start = toc.offset(first);
      end = start + toc.length(first);
      endIndex = from + 1;
      while (endIndex < to && ChunkAddress.container(sorted[endIndex]) == container) {
        int entry = toc.entryOf(sorted[endIndex]);
        if (entry < 0 || !extend(toc.offset(entry), toc.length(entry))) {
          return;
        }
        endIndex++;
      }
    }

    private boolean extend(int offset, int length) {
      if (offset < end || offset - end > GAP || offset + length - start > LONGEST_READ) {
        return false;
      }
      end = offset + length;
      return true;
    }

    int length() {
      return end - start;
    }
  }
}
