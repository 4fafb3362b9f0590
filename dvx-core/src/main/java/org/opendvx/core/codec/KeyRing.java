package org.opendvx.core.codec;

import java.security.SecureRandom;
import java.util.Arrays;
import java.util.Collections;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import javax.crypto.SecretKey;
import javax.crypto.spec.SecretKeySpec;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;

/**
 * The keys of a pool. It is stored wrapped under a {@link KeyEncryptionKey} only; a new key
 * encryption key wraps the same ring again and no data changes.
 *
 * <p>Immutable but for {@link #close}, which overwrites the keys held here (not what was handed
 * out). Thread-safe before that. Its text never shows a key.
 */
public final class KeyRing implements AutoCloseable {
  /** Bytes of a data, fingerprint, handle or journal key. */
  static final int KEY_LENGTH = 32;

  /** Bytes of the directory hash key: what SipHash takes. */
  static final int DIRECTORY_HASH_KEY_LENGTH = 16;

  /** Most data keys of a ring. */
  static final int MAX_DATA_KEYS = 256;

  private static final int FIRST_DATA_KEY_ID = 1;

  private final SortedMap<Integer, byte[]> dataKeys;
  private final int currentDataKeyId;
  private final byte[] fingerprintKey;
  private final byte[] handleKey;
  private final byte[] journalKey;
  private final byte[] directoryHashKey;

  /** Takes the arrays over. */
  KeyRing(
      SortedMap<Integer, byte[]> dataKeys,
      int currentDataKeyId,
      byte[] fingerprintKey,
      byte[] handleKey,
      byte[] journalKey,
      byte[] directoryHashKey) {
    if (!dataKeys.containsKey(currentDataKeyId)) {
      throw new IllegalArgumentException("the current data key is not in the ring");
    }
    this.dataKeys = Collections.unmodifiableSortedMap(dataKeys);
    this.currentDataKeyId = currentDataKeyId;
    this.fingerprintKey = fingerprintKey;
    this.handleKey = handleKey;
    this.journalKey = journalKey;
    this.directoryHashKey = directoryHashKey;
  }

  /** A ring of fresh random keys for a new pool. */
  public static KeyRing generate() {
    SortedMap<Integer, byte[]> dataKeys = new TreeMap<>();
    dataKeys.put(FIRST_DATA_KEY_ID, random(KEY_LENGTH));
    return new KeyRing(
        dataKeys,
        FIRST_DATA_KEY_ID,
        random(KEY_LENGTH),
        random(KEY_LENGTH),
        random(KEY_LENGTH),
        random(DIRECTORY_HASH_KEY_LENGTH));
  }

  /** The same ring with one more data key, which is the current one. */
  public KeyRing withNewDataKey() {
    if (dataKeys.size() == MAX_DATA_KEYS) {
      throw DvxException.of(Kind.INVALID, "The key ring takes no more data keys")
          .cause("it holds " + MAX_DATA_KEYS)
          .remedy("Go on with the current data key")
          .build();
    }
    int id = dataKeys.lastKey() + 1;
    SortedMap<Integer, byte[]> more = new TreeMap<>();
    dataKeys.forEach((known, key) -> more.put(known, key.clone()));
    more.put(id, random(KEY_LENGTH));
    return new KeyRing(
        more,
        id,
        fingerprintKey.clone(),
        handleKey.clone(),
        journalKey.clone(),
        directoryHashKey.clone());
  }

  /**
   * Opens a wrapped ring.
   *
   * @throws DvxException DENIED when the key is not the one that wrapped it, CORRUPT when the blob
   *     is damaged, UNSUPPORTED when a newer version wrote it
   */
  public static KeyRing unwrap(byte[] blob, KeyEncryptionKey key) {
    return KeyRingBlob.unwrap(blob, key);
  }

  /** The ring as bytes that only the key can open. Every call gives other bytes. */
  public byte[] wrap(KeyEncryptionKey key) {
    return KeyRingBlob.wrap(this, key);
  }

  /** Id of the data key under which new slots are sealed. */
  public int currentDataKeyId() {
    return currentDataKeyId;
  }

  /** Ids of all data keys, ascending. */
  public Set<Integer> dataKeyIds() {
    return dataKeys.keySet();
  }

  /** The key for hashes of names in directories, 16 bytes; a copy. */
  public byte[] directoryHashKey() {
    return directoryHashKey.clone();
  }

  SecretKey dataKey(int id) {
    byte[] key = dataKeys.get(id);
    if (key == null) {
      throw new IllegalArgumentException("no data key " + id);
    }
    return new SecretKeySpec(key, "AES");
  }

  byte[] rawDataKey(int id) {
    return dataKey(id).getEncoded();
  }

  byte[] fingerprintKey() {
    return fingerprintKey.clone();
  }

  byte[] handleKey() {
    return handleKey.clone();
  }

  byte[] rawJournalKey() {
    return journalKey.clone();
  }

  SecretKey journalKey() {
    return new SecretKeySpec(journalKey, "AES");
  }

  /** Overwrites the keys. Nothing that was built from the ring is affected. */
  @Override
  public void close() {
    dataKeys.values().forEach(KeyRing::wipe);
    wipe(fingerprintKey);
    wipe(handleKey);
    wipe(journalKey);
    wipe(directoryHashKey);
  }

  @Override
  public String toString() {
    return "KeyRing[data keys " + dataKeys.keySet() + ", current " + currentDataKeyId + "]";
  }

  static byte[] random(int length) {
    byte[] bytes = new byte[length];
    new SecureRandom().nextBytes(bytes);
    return bytes;
  }

  static void wipe(byte[] secret) {
    Arrays.fill(secret, (byte) 0);
  }
}
