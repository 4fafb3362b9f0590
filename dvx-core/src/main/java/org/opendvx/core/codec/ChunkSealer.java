package org.opendvx.core.codec;

import java.util.Arrays;
import java.util.NavigableMap;
import java.util.Objects;
import java.util.TreeMap;
import java.util.function.IntConsumer;
import javax.crypto.SecretKey;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;

/**
 * Turns plain bytes into slots and back: compression, then AES-256-GCM. Thread-safe. Layout:
 * docs/formats/slot.md.
 *
 * <p>Sealing takes two steps, because the length must be known before the slot has a place: {@link
 * #prepare} compresses, then {@link #seal} writes the slot at its place.
 *
 * <p><b>Nonces.</b> A slot's nonce is the place where its bytes were sealed: physical container and
 * entry. The caller never seals two plain texts at one place.
 */
public final class ChunkSealer {
  /** Bytes that a slot has beyond its stored ones: header and tag. */
  public static final int OVERHEAD = SlotHeader.LENGTH + SlotHeader.TAG_LENGTH;

  private static final int AUTHENTICATED_LENGTH = Long.BYTES + SlotHeader.CHECKED_LENGTH;

  /** Replaced as a whole. */
  private volatile Keys keys;

  private volatile IntConsumer finder = _ -> {};

  private final ChunkCodec codec;
  private final Loan<Workbench> workbenches = new Loan<>(Workbench::new);
  private final ThreadLocal<Prepared> prepared = ThreadLocal.withInitial(Prepared::new);

  /**
   * A sealer that seals under the ring's current data key and opens under all of them.
   *
   * @param codec compresses new slots; old ones of any codec are read
   */
  public ChunkSealer(KeyRing keys, ChunkCodec codec) {
    this.keys = Keys.of(keys);
    this.codec = codec;
  }

  /** Opens what is sealed under any key of another ring, too, and seals as before. */
  public void learn(KeyRing ring) {
    Keys now = keys;
    keys = new Keys(Keys.of(ring).all(), now.currentId(), now.current());
  }

  /**
   * Seals under another ring's current data key from now on, and opens under all of its. Slots
   * whose place was given out before the call may still be sealed under the earlier key.
   */
  public void adopt(KeyRing ring) {
    keys = Keys.of(ring);
  }

  /**
   * Asks for a key that was made later than all that are known here, before what it sealed is taken
   * for damaged: this sealer has learned it when that returns, if there is one.
   */
  public void onUnknownKey(IntConsumer asked) {
    finder = asked;
  }

  /**
   * Whether a slot was sealed under a key that is in no ring any more: a copy that was kept
   * somewhere since. Nothing is wrong with it, but nobody can open it.
   */
  public boolean outdated(byte[] slot, int offset, int available) {
    try {
      int id = SlotHeader.read(slot, offset, available).keyId();
      Keys now = keys;
      return id > 0 && id < now.currentId() && !now.all().containsKey(id);
    } catch (DvxException e) {
      return false;
    }
  }

  /** Ids ascend, and none is used twice: what is not below the last one may be a new one. */
  private @Nullable SecretKey key(int id) {
    SecretKey known = keys.all().get(id);
    if (known == null && id > keys.all().lastKey()) {
      finder.accept(id);
      known = keys.all().get(id);
    }
    return known;
  }

  private record Keys(NavigableMap<Integer, SecretKey> all, int currentId, SecretKey current) {
    static Keys of(KeyRing ring) {
      NavigableMap<Integer, SecretKey> all = new TreeMap<>();
      ring.dataKeyIds().forEach(id -> all.put(id, ring.dataKey(id)));
      return new Keys(all, ring.currentDataKeyId(), ring.dataKey(ring.currentDataKeyId()));
    }
  }

  /** The longest slot that a plain length can need. */
  public static int maxSlotLength(int plainLength) {
    return OVERHEAD + plainLength;
  }

  /**
   * Compresses a range into a buffer of the calling thread; the next call of this thread reuses it.
   *
   * @param length 1 to {@link SlotHeader#MAX_PLAIN}
   */
  public Prepared prepare(byte[] plain, int offset, int length) {
    Prepared mine = prepared.get();
    prepare(plain, offset, length, mine);
    return mine;
  }

  /** Compresses a range into the caller's own buffer, so that several can wait for their places. */
  public void prepare(byte[] plain, int offset, int length, Prepared target) {
    Objects.checkFromIndexSize(offset, length, plain.length);
    if (length < 1 || length > SlotHeader.MAX_PLAIN) {
      throw new IllegalArgumentException("no plain length for a slot: " + length);
    }
    target.fill(codec, plain, offset, length);
  }

  /**
   * Writes a slot.
   *
   * @param address the chunk address for life: authenticated
   * @param type authenticated too
   * @param place physical container in which the slot is sealed
   * @param entry physical entry in it; place and entry together are used once, ever
   * @param target has {@link Prepared#slotLength} bytes from {@code targetOffset}
   * @return bytes written: {@link Prepared#slotLength}
   */
  public int seal(
      Prepared plain,
      long address,
      SlotType type,
      long place,
      int entry,
      byte[] target,
      int targetOffset) {
    if (plain.plainLength() == 0) {
      throw new IllegalStateException("nothing was prepared");
    }
    Objects.checkFromIndexSize(targetOffset, plain.slotLength(), target.length);
    Keys now = keys;
    new SlotHeader(
            type.code(),
            plain.codecId(),
            now.currentId(),
            place,
            entry,
            plain.plainLength(),
            plain.storedLength())
        .write(target, targetOffset);
    Workbench bench = workbenches.take();
    try {
      bench.bind(address, target, targetOffset);
      bench.gcm.seal(
          now.current(),
          bench.nonce,
          bench.authenticated,
          plain.source(),
          plain.sourceOffset(),
          plain.storedLength(),
          target,
          targetOffset + SlotHeader.LENGTH);
    } finally {
      workbenches.giveBack(bench);
    }
    return plain.slotLength();
  }

  /**
   * Checks a slot and restores its plain bytes.
   *
   * @param available bytes that may belong to the slot; those behind it are ignored
   * @param target has room for the plain length from {@code targetOffset}; undefined after a
   *     failure
   * @return the plain length
   * @throws DvxException CORRUPT when a single bit differs from what was sealed, or when the slot
   *     is not the one of that address and type
   */
  public int open(
      byte[] slot,
      int offset,
      int available,
      long address,
      SlotType type,
      byte[] target,
      int targetOffset) {
    SlotHeader header;
    try {
      header = SlotHeader.read(slot, offset, available);
    } catch (DvxException e) {
      throw damaged(address, e.report().cause());
    }
    SecretKey key = header.type() == type.code() ? key(header.keyId()) : null;
    ChunkCodec reader = ChunkCodec.reader(header.codec());
    if (header.type() != type.code()) {
      throw damaged(address, "its slot holds something else than a " + type);
    }
    if (key == null || reader == null) {
      throw damaged(
          address, key == null ? "it names a key that the ring lacks" : "it names no known codec");
    }
    Objects.checkFromIndexSize(targetOffset, header.plainLength(), target.length);
    Workbench bench = workbenches.take();
    try {
      bench.bind(address, slot, offset);
      return bench.restore(header, key, reader, slot, offset, target, targetOffset);
    } catch (DamagedException e) {
      throw damaged(address, e.cause);
    } finally {
      workbenches.giveBack(bench);
    }
  }

  private static DvxException damaged(long address, String cause) {
    return DvxException.of(Kind.CORRUPT, "A stored chunk is damaged")
        .cause(cause)
        .remedy("If the pool cannot rebuild it, restore the file from a snapshot or a backup")
        .detail("address", Long.toHexString(address))
        .build();
  }

  /** Carries the reason from the workbench, which does not know the address, to the caller. */
  private static final class DamagedException extends Exception {
    private static final long serialVersionUID = 1L;
    private final String cause;

    DamagedException(String cause) {
      super(cause);
      this.cause = cause;
    }
  }

  /** What one thread at a time uses. */
  private static final class Workbench {
    private final Gcm gcm = new Gcm();
    private final byte[] nonce = new byte[SlotHeader.NONCE_LENGTH];
    private final byte[] authenticated = new byte[AUTHENTICATED_LENGTH];
    private byte[] compressed = new byte[0];

    /** Takes nonce and authenticated data from a slot's header. */
    void bind(long address, byte[] slot, int offset) {
      Bytes.putLong(authenticated, 0, address);
      System.arraycopy(slot, offset, authenticated, Long.BYTES, SlotHeader.CHECKED_LENGTH);
      System.arraycopy(slot, offset + SlotHeader.NONCE_OFFSET, nonce, 0, nonce.length);
    }

    int restore(
        SlotHeader header,
        SecretKey key,
        ChunkCodec reader,
        byte[] slot,
        int offset,
        byte[] target,
        int targetOffset)
        throws DamagedException {
      boolean raw = reader.id() == RawCodec.ID;
      int stored = header.storedLength();
      if (!raw && compressed.length < stored) {
        compressed = Arrays.copyOf(compressed, stored);
      }
      byte[] opened = raw ? target : compressed;
      int openedOffset = raw ? targetOffset : 0;
      if (!gcm.open(
          key,
          nonce,
          authenticated,
          slot,
          offset + SlotHeader.LENGTH,
          stored + SlotHeader.TAG_LENGTH,
          opened,
          openedOffset)) {
        throw new DamagedException("its authentication tag is wrong");
      }
      int restored =
          raw
              ? stored
              : reader.decompress(opened, 0, stored, target, targetOffset, header.plainLength());
      if (restored != header.plainLength()) {
        throw new DamagedException("it does not decompress to its length");
      }
      return restored;
    }
  }
}
