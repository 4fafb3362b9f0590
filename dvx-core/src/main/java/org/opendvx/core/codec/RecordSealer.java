package org.opendvx.core.codec;

import java.util.NavigableMap;
import java.util.Objects;
import java.util.TreeMap;
import java.util.function.IntConsumer;
import javax.crypto.SecretKey;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;

/**
 * Seals journal payloads that hold names and metadata: AES-256-GCM under the journal key, which
 * seals nothing else. Thread-safe.
 *
 * <p><b>Nonces.</b> 32 bits incarnation and 64 bits record sequence. The caller never seals two
 * payloads under one pair: an incarnation is a durable number that is new at each open, and a
 * sequence is given once in it. A payload that must be written again is written as it was sealed.
 */
public final class RecordSealer {
  /** Bytes that a sealed payload is longer than its plain text. */
  public static final int OVERHEAD = Gcm.TAG_LENGTH;

  /** Replaced as a whole. */
  private volatile Keys keys;

  private volatile IntConsumer finder = _ -> {};

  private final Loan<Workbench> workbenches = new Loan<>(Workbench::new);

  private record Keys(NavigableMap<Integer, SecretKey> all, int currentId) {
    static Keys of(KeyRing ring) {
      NavigableMap<Integer, SecretKey> all = new TreeMap<>();
      ring.journalKeyIds().forEach(id -> all.put(id, ring.journalKey(id)));
      return new Keys(all, ring.currentJournalKeyId());
    }
  }

  /** Seals under the ring's current journal key, and opens under all of them. */
  public RecordSealer(KeyRing ring) {
    this.keys = Keys.of(ring);
  }

  /** As {@link ChunkSealer#onUnknownKey}. */
  public void onUnknownKey(IntConsumer asked) {
    finder = asked;
  }

  private @Nullable SecretKey key(int id) {
    SecretKey known = keys.all().get(id);
    if (known == null && id > keys.all().lastKey()) {
      finder.accept(id);
      known = keys.all().get(id);
    }
    return known;
  }

  /**
   * Seals under another ring's current journal key from now on. Records that had their sequence
   * before the call may still be sealed under the earlier one.
   */
  public void adopt(KeyRing ring) {
    keys = Keys.of(ring);
  }

  /** Id of the key under which payloads are to be sealed now; 0 to 65,535. */
  public int currentKeyId() {
    return keys.currentId();
  }

  /**
   * Seals a payload.
   *
   * @param keyId of {@link #currentKeyId}, asked after the sequence was given
   * @param kind the record's kind: authenticated, not stored
   * @param target has {@code length + OVERHEAD} bytes from {@code targetOffset}
   * @return bytes written
   */
  public int seal(
      int keyId,
      int incarnation,
      long sequence,
      int kind,
      byte[] plain,
      int offset,
      int length,
      byte[] target,
      int targetOffset) {
    Objects.checkFromIndexSize(offset, length, plain.length);
    Objects.checkFromIndexSize(targetOffset, length + OVERHEAD, target.length);
    SecretKey key = keys.all().get(keyId);
    if (key == null) {
      throw new IllegalArgumentException("no journal key " + keyId);
    }
    Workbench bench = workbenches.take();
    try {
      bench.bind(incarnation, sequence, kind);
      bench.gcm.seal(key, bench.nonce, bench.kind, plain, offset, length, target, targetOffset);
    } finally {
      workbenches.giveBack(bench);
    }
    return length + OVERHEAD;
  }

  /**
   * Opens a payload.
   *
   * @param keyId of the key that sealed it
   * @param length bytes of the sealed payload
   * @param target has {@code length - OVERHEAD} bytes from {@code targetOffset}
   * @return bytes written
   * @throws DvxException CORRUPT when the payload is not the one that was sealed under these
   *     numbers
   */
  public int open(
      int keyId,
      int incarnation,
      long sequence,
      int kind,
      byte[] sealed,
      int offset,
      int length,
      byte[] target,
      int targetOffset) {
    Objects.checkFromIndexSize(offset, length, sealed.length);
    SecretKey key = key(keyId);
    if (length < OVERHEAD || key == null) {
      throw damaged(
          key == null ? "it names a key that the ring lacks" : "it is too short",
          incarnation,
          sequence);
    }
    Objects.checkFromIndexSize(targetOffset, length - OVERHEAD, target.length);
    Workbench bench = workbenches.take();
    try {
      bench.bind(incarnation, sequence, kind);
      if (!bench.gcm.open(
          key, bench.nonce, bench.kind, sealed, offset, length, target, targetOffset)) {
        throw damaged("its authentication tag is wrong", incarnation, sequence);
      }
    } finally {
      workbenches.giveBack(bench);
    }
    return length - OVERHEAD;
  }

  private static DvxException damaged(String cause, int incarnation, long sequence) {
    return DvxException.of(Kind.CORRUPT, "A journal record is damaged")
        .cause(cause)
        .remedy("Keep the drives as they are and look for a drive that fails")
        .detail("incarnation", Integer.toUnsignedString(incarnation))
        .detail("sequence", Long.toUnsignedString(sequence))
        .build();
  }

  private static final class Workbench {
    private final Gcm gcm = new Gcm();
    private final byte[] nonce = new byte[Gcm.NONCE_LENGTH];
    private final byte[] kind = new byte[Integer.BYTES];

    void bind(int incarnation, long sequence, int recordKind) {
      Bytes.putInt(nonce, 0, incarnation);
      Bytes.putLong(nonce, Integer.BYTES, sequence);
      Bytes.putInt(kind, 0, recordKind);
    }
  }
}
