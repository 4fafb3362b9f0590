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

  /** Highest id of a key: a journal record has 16 bits for it. */
  static final int MAX_KEY_ID = 0xffff;

  /** Of the journal key of a new pool; later ones have the id of the data key made with them. */
  static final int FIRST_JOURNAL_KEY_ID = 0;

  private static final int FIRST_DATA_KEY_ID = 1;

  private final SortedMap<Integer, byte[]> dataKeys;
  private final int currentDataKeyId;
  private final byte[] fingerprintKey;
  private final byte[] handleKey;
  private final SortedMap<Integer, byte[]> journalKeys;
  private final byte[] directoryHashKey;

  /** Takes the arrays over. */
  KeyRing(
      SortedMap<Integer, byte[]> dataKeys,
      int currentDataKeyId,
      byte[] fingerprintKey,
      byte[] handleKey,
      SortedMap<Integer, byte[]> journalKeys,
      byte[] directoryHashKey) {
    if (!dataKeys.containsKey(currentDataKeyId)
        || journalKeys.headMap(currentDataKeyId + 1).isEmpty()) {
      throw new IllegalArgumentException("the current keys are not in the ring");
    }
    this.dataKeys = Collections.unmodifiableSortedMap(dataKeys);
    this.currentDataKeyId = currentDataKeyId;
    this.fingerprintKey = fingerprintKey;
    this.handleKey = handleKey;
    this.journalKeys = Collections.unmodifiableSortedMap(journalKeys);
    this.directoryHashKey = directoryHashKey;
  }

  /** A ring of fresh random keys for a new pool. */
  public static KeyRing generate() {
    SortedMap<Integer, byte[]> dataKeys = new TreeMap<>();
    dataKeys.put(FIRST_DATA_KEY_ID, random(KEY_LENGTH));
    SortedMap<Integer, byte[]> journalKeys = new TreeMap<>();
    journalKeys.put(FIRST_JOURNAL_KEY_ID, random(KEY_LENGTH));
    return new KeyRing(
        dataKeys,
        FIRST_DATA_KEY_ID,
        random(KEY_LENGTH),
        random(KEY_LENGTH),
        journalKeys,
        random(DIRECTORY_HASH_KEY_LENGTH));
  }

  /**
   * The same ring with one more data key and one more journal key, which are the current ones. The
   * others stay as they are: with another fingerprint key nothing stored would be found again.
   */
  public KeyRing withNewDataKey() {
    try (KeyRing announced = withAnnouncedKey()) {
      return announced.withNewestCurrent();
    }
  }

  /**
   * The same ring with one more data key and one more journal key, under which nothing is sealed
   * yet: those who share the pool get to know them first. The same keys if there are such already.
   */
  public KeyRing withAnnouncedKey() {
    if (announces()) {
      return with(copy(dataKeys), currentDataKeyId, copy(journalKeys));
    }
    int id = dataKeys.lastKey() + 1;
    if (dataKeys.size() == MAX_DATA_KEYS || id > MAX_KEY_ID) {
      throw DvxException.of(Kind.INVALID, "The key ring takes no more data keys")
          .cause("it holds " + MAX_DATA_KEYS)
          .remedy("Go on with the current data key")
          .build();
    }
    SortedMap<Integer, byte[]> more = copy(dataKeys);
    more.put(id, random(KEY_LENGTH));
    SortedMap<Integer, byte[]> moreJournal = copy(journalKeys);
    moreJournal.put(id, random(KEY_LENGTH));
    return with(more, currentDataKeyId, moreJournal);
  }

  /** The same ring, of which the newest keys are the current ones. */
  public KeyRing withNewestCurrent() {
    return with(copy(dataKeys), newestDataKeyId(), copy(journalKeys));
  }

  /** The same ring without the data and journal keys that are older than the current ones. */
  public KeyRing withoutOldKeys() {
    return with(
        copy(dataKeys.tailMap(currentDataKeyId)),
        currentDataKeyId,
        copy(journalKeys.tailMap(currentJournalKeyId())));
  }

  private KeyRing with(
      SortedMap<Integer, byte[]> data, int current, SortedMap<Integer, byte[]> journal) {
    return new KeyRing(
        data,
        current,
        fingerprintKey.clone(),
        handleKey.clone(),
        journal,
        directoryHashKey.clone());
  }

  private static SortedMap<Integer, byte[]> copy(SortedMap<Integer, byte[]> keys) {
    SortedMap<Integer, byte[]> copies = new TreeMap<>();
    keys.forEach((id, key) -> copies.put(id, key.clone()));
    return copies;
  }

  /** Whether keys are in the ring under which nothing new is sealed any more. */
  public boolean holdsOldKeys() {
    return dataKeys.firstKey() < currentDataKeyId || journalKeys.firstKey() < currentJournalKeyId();
  }

  /** Whether keys are in the ring under which nothing is sealed yet. */
  public boolean announces() {
    return newestDataKeyId() > currentDataKeyId;
  }

  /** The highest id of a data key; that of the current one, unless one is announced. */
  public int newestDataKeyId() {
    return dataKeys.lastKey();
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

  /** Ids of the journal keys, ascending. */
  Set<Integer> journalKeyIds() {
    return journalKeys.keySet();
  }

  /** Id of the journal key under which new records are sealed: the last one not announced only. */
  int currentJournalKeyId() {
    return journalKeys.headMap(currentDataKeyId + 1).lastKey();
  }

  byte[] rawJournalKey(int id) {
    byte[] key = journalKeys.get(id);
    if (key == null) {
      throw new IllegalArgumentException("no journal key " + id);
    }
    return key.clone();
  }

  SecretKey journalKey(int id) {
    return new SecretKeySpec(rawJournalKey(id), "AES");
  }

  /** Overwrites the keys. Nothing that was built from the ring is affected. */
  @Override
  public void close() {
    dataKeys.values().forEach(KeyRing::wipe);
    wipe(fingerprintKey);
    wipe(handleKey);
    journalKeys.values().forEach(KeyRing::wipe);
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
