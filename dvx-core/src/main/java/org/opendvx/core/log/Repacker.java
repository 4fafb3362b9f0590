package org.opendvx.core.log;

import java.util.Arrays;
import java.util.Objects;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.codec.ChunkSealer;
import org.opendvx.core.codec.Fingerprinter;
import org.opendvx.core.codec.Prepared;
import org.opendvx.core.codec.SlotType;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.log.ContainerReader.RawToc;
import org.opendvx.core.pool.ContainerStore;
import org.opendvx.core.pool.Epoch;

/**
 * Copies slots together into new containers: opened, verified, compressed and sealed anew under the
 * nonce of the new place; the address stays and is authenticated as ever. What was put is read back
 * and opened before anybody is told of it.
 *
 * <p>Confined to one thread. Holds one container's bytes of memory while it is used.
 */
public final class Repacker {
  private final ContainerStore store;
  private final Epoch epoch;
  private final LongSupplier ids;
  private final ContainerReader reader;
  private final SlotOpener opener;
  private final ChunkSealer sealer;
  private final Fingerprinter fingerprinter;
  private final Prepared prepared = new Prepared();
  private final long[] fingerprint = new long[2];
  private final long[] found = new long[2];

  Repacker(
      ContainerStore store,
      Epoch epoch,
      LongSupplier ids,
      ContainerReader reader,
      SlotOpener opener,
      ChunkSealer sealer,
      Fingerprinter fingerprinter) {
    this.store = store;
    this.epoch = epoch;
    this.ids = ids;
    this.reader = reader;
    this.opener = opener;
    this.sealer = sealer;
    this.fingerprinter = fingerprinter;
  }

  /** Reads and opens whole containers. */
  public ContainerCheck check() {
    return new ContainerCheck(store, sealer, fingerprinter);
  }

  /** Starts a new container for slots of one type; its id is drawn, nothing is written. */
  public Target begin(SlotType type) {
    return new Target(ids.getAsLong(), type);
  }

  /**
   * Entries in a container's table, dead ones too; reads its footer.
   *
   * @throws DvxException NOT_FOUND when there is none, CORRUPT when it is damaged
   */
  public int entries(long place) {
    return reader.entries(place);
  }

  /** A container being filled. */
  public final class Target {
    private final long id;
    private final SlotType type;
    private final byte[] bytes = new byte[ContainerStore.MAX_LENGTH];
    private byte[] toc = new byte[4096 * ContainerFormat.TOC_ENTRY];
    private int count;
    private int position = ContainerFormat.HEADER;
    private boolean closed;

    private Target(long id, SlotType type) {
      this.id = id;
      this.type = type;
      ContainerFormat.writeHeader(bytes, ContainerKind.MOVED, id, System.currentTimeMillis());
    }

    /** The container's id. */
    public long id() {
      return id;
    }

    /** Slots taken so far. */
    public int slots() {
      return count;
    }

    /** Bytes that the container will have. */
    public int length() {
      return position + count * ContainerFormat.TOC_ENTRY + ContainerFormat.FOOTER;
    }

    /**
     * Takes slots of one container, all or none.
     *
     * @param addresses ascending, above those taken before, of one container
     * @return false when they do not fit any more; the target takes nothing from then on
     * @throws DvxException CORRUPT when one cannot be read; nothing was taken, and the target takes
     *     nothing from then on
     */
    public boolean take(long[] addresses) {
      if (closed) {
        throw new IllegalStateException("the container takes no more slots");
      }
      int before = count;
      int start = position;
      boolean taken = false;
      // Places where something was sealed are never used for anything else: so it is closed.
      closed = true;
      try {
        taken = copy(addresses);
      } finally {
        if (taken) {
          closed = false;
        } else {
          count = before;
          position = start;
        }
      }
      return taken;
    }

    private boolean copy(long[] addresses) {
      Fingerprints known = type == SlotType.CHUNK ? new Fingerprints() : null;
      boolean[] full = new boolean[1];
      int first = count;
      reader.read(
          addresses,
          addresses.length,
          (i, source, offset, length) -> {
            if (!full[0]) {
              full[0] = !copy(addresses[i], source, offset, length, known);
            }
          });
      if (!full[0] && count - first != addresses.length) {
        throw new IllegalStateException("slots were left out");
      }
      return !full[0];
    }

    private boolean copy(
        long address, byte[] source, int offset, int length, @Nullable Fingerprints known) {
      byte[] plain = open(source, offset, length, address);
      sealer.prepare(plain, 0, plain.length, prepared);
      int slot = prepared.slotLength();
      if (count == ContainerFormat.MAX_SLOTS
          || (long) position
                  + slot
                  + (long) (count + 1) * ContainerFormat.TOC_ENTRY
                  + ContainerFormat.FOOTER
              > ContainerStore.MAX_LENGTH) {
        return false;
      }
      if (known != null) {
        known.of(address, fingerprint);
        // Here, where it is about one source; found when the target is read back, it would end all.
        if (!isOf(plain)) {
          throw DvxException.of(Kind.CORRUPT, "A stored chunk is not what its table says")
              .cause("its fingerprint is another one")
              .detail("address", Long.toHexString(address))
              .build();
        }
      } else {
        Arrays.fill(fingerprint, 0);
      }
      sealer.seal(prepared, address, type, id, count, bytes, position);
      if ((count + 1) * ContainerFormat.TOC_ENTRY > toc.length) {
        toc = Arrays.copyOf(toc, 2 * toc.length);
      }
      ContainerFormat.writeEntry(
          toc, count, address, position, slot, fingerprint[0], fingerprint[1]);
      count++;
      position += slot;
      return true;
    }

    /** Whether the fingerprint at hand is that of these bytes. */
    private boolean isOf(byte[] plain) {
      fingerprinter.fingerprint(plain, 0, plain.length, found, 0);
      return Arrays.equals(found, fingerprint);
    }

    private byte[] open(byte[] source, int offset, int length, long address) {
      return type == SlotType.CHUNK
          ? opener.chunk(source, offset, length, address)
          : opener.node(source, offset, length, address);
    }

    /**
     * Puts the container and reads it back; durable and verified on return.
     *
     * @return its length in bytes
     */
    public int put() {
      closed = true;
      int tocLength = count * ContainerFormat.TOC_ENTRY;
      System.arraycopy(toc, 0, bytes, position, tocLength);
      ContainerFormat.writeFooter(
          bytes, position + tocLength, ContainerKind.MOVED, id, position, count);
      int length = length();
      store.put(epoch, id, bytes, length);
      verify(length);
      return length;
    }

    private void verify(int length) {
      byte[] stored = new byte[length];
      store.read(id, 0, length, stored, 0);
      int footerAt = length - ContainerFormat.FOOTER;
      ContainerFormat.Footer footer = ContainerFormat.readFooter(stored, footerAt, id, length);
      Toc table = Toc.parse(id, footer, stored, footer.tocOffset());
      if (footer.count() != count) {
        throw ContainerFormat.corrupt(id, "it lacks entries");
      }
      for (int i = 0; i < count; i++) {
        int entry = footer.tocOffset() + i * ContainerFormat.TOC_ENTRY;
        long address = ContainerFormat.getLong(stored, entry);
        byte[] plain = open(stored, table.offset(i), table.length(i), address);
        if (type == SlotType.CHUNK && !hasFingerprint(plain, stored, entry)) {
          throw ContainerFormat.corrupt(id, "entry " + i + " holds other bytes than were stored");
        }
      }
    }

    private boolean hasFingerprint(byte[] plain, byte[] stored, int entry) {
      int at = entry + ContainerFormat.ENTRY_FINGERPRINT;
      fingerprinter.fingerprint(plain, 0, plain.length, fingerprint, 0);
      return fingerprint[0] == ContainerFormat.getLong(stored, at)
          && fingerprint[1] == ContainerFormat.getLong(stored, at + 8);
    }
  }

  /** Fingerprints out of the tables of the containers where slots are now. */
  private final class Fingerprints {
    private @Nullable RawToc toc;
    private @Nullable Toc table;
    private long container = -1;

    void of(long address, long[] target) {
      if (container != ChunkAddress.container(address)) {
        container = ChunkAddress.container(address);
        long place = reader.placeOf(container);
        RawToc raw = reader.rawToc(place);
        toc = raw;
        table = Toc.parse(place, raw.footer(), raw.bytes(), raw.at());
      }
      RawToc raw = Objects.requireNonNull(toc);
      int entry = Objects.requireNonNull(table).entryOf(address);
      if (entry < 0) {
        throw DvxException.of(Kind.CORRUPT, "A stored chunk is missing")
            .cause("its container has no such slot")
            .detail("address", Long.toHexString(address))
            .build();
      }
      int at = raw.at() + entry * ContainerFormat.TOC_ENTRY + ContainerFormat.ENTRY_FINGERPRINT;
      target[0] = ContainerFormat.getLong(raw.bytes(), at);
      target[1] = ContainerFormat.getLong(raw.bytes(), at + 8);
    }
  }
}
