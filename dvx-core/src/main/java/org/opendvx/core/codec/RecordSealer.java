package org.opendvx.core.codec;

import java.util.Objects;
import javax.crypto.SecretKey;
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

  private final SecretKey key;
  private final Loan<Workbench> workbenches = new Loan<>(Workbench::new);

  /** Seals under the ring's journal key. */
  public RecordSealer(KeyRing keys) {
    this.key = keys.journalKey();
  }

  /**
   * Seals a payload.
   *
   * @param kind the record's kind: authenticated, not stored
   * @param target has {@code length + OVERHEAD} bytes from {@code targetOffset}
   * @return bytes written
   */
  public int seal(
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
   * @param length bytes of the sealed payload
   * @param target has {@code length - OVERHEAD} bytes from {@code targetOffset}
   * @return bytes written
   * @throws DvxException CORRUPT when the payload is not the one that was sealed under these
   *     numbers
   */
  public int open(
      int incarnation,
      long sequence,
      int kind,
      byte[] sealed,
      int offset,
      int length,
      byte[] target,
      int targetOffset) {
    Objects.checkFromIndexSize(offset, length, sealed.length);
    if (length < OVERHEAD) {
      throw damaged(incarnation, sequence);
    }
    Objects.checkFromIndexSize(targetOffset, length - OVERHEAD, target.length);
    Workbench bench = workbenches.take();
    try {
      bench.bind(incarnation, sequence, kind);
      if (!bench.gcm.open(
          key, bench.nonce, bench.kind, sealed, offset, length, target, targetOffset)) {
        throw damaged(incarnation, sequence);
      }
    } finally {
      workbenches.giveBack(bench);
    }
    return length - OVERHEAD;
  }

  private static DvxException damaged(int incarnation, long sequence) {
    return DvxException.of(Kind.CORRUPT, "A journal record is damaged")
        .cause("its authentication tag is wrong")
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
