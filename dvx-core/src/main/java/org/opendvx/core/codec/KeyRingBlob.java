package org.opendvx.core.codec;

import java.util.Arrays;
import java.util.EnumMap;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.zip.CRC32C;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;

/**
 * A wrapped key ring as bytes. Byte table: docs/formats/keyring.md.
 *
 * <p>The checksum at the end tells damage from a wrong key: if it fits and the tag does not, the
 * key is the wrong one.
 */
final class KeyRingBlob {
  private static final int MAGIC = 0x4456584b; // DVXK

  /** Of a ring whose journal key was never changed: every version can read it. */
  private static final int FIRST_VERSION = 1;

  /** Of one with journal keys that have ids. */
  private static final int CHANGED_VERSION = 2;

  /** Of one with keys under which nothing is to be sealed yet. */
  private static final int VERSION = 3;

  private static final int MOST_KEYS = 2 * KeyRing.MAX_DATA_KEYS + 3;
  private static final int SALT_OFFSET = 12;
  private static final int NONCE_OFFSET = 28;
  private static final int HEADER_LENGTH = 44;
  private static final int CHECKSUM_LENGTH = 4;
  private static final int ENTRY_HEADER_LENGTH = 6;
  private static final int PLAIN_HEADER_LENGTH = 8;

  /** Most bytes of a blob. */
  static final int MAX_LENGTH = 32 << 10;

  private enum Purpose {
    DATA(1, KeyRing.KEY_LENGTH),
    FINGERPRINT(2, KeyRing.KEY_LENGTH),
    HANDLE(3, KeyRing.KEY_LENGTH),
    JOURNAL(4, KeyRing.KEY_LENGTH),
    DIRECTORY_HASH(5, KeyRing.DIRECTORY_HASH_KEY_LENGTH);

    private final byte code;
    private final int length;

    Purpose(int code, int length) {
      this.code = (byte) code;
      this.length = length;
    }

    static Purpose of(byte code) {
      for (Purpose purpose : values()) {
        if (purpose.code == code) {
          return purpose;
        }
      }
      throw damaged("it holds a key for an unknown purpose");
    }
  }

  private KeyRingBlob() {}

  static byte[] wrap(KeyRing ring, KeyEncryptionKey key) {
    byte[] plain = encode(ring);
    byte[] blob = new byte[HEADER_LENGTH + plain.length + Gcm.TAG_LENGTH + CHECKSUM_LENGTH];
    Bytes.putInt(blob, 0, MAGIC);
    Bytes.putInt(blob, 4, version(ring) << 16 | key.method().code() << 8);
    boolean salted = key.method() != KeyMethod.KEY_FILE;
    byte[] salt =
        salted ? KeyRing.random(PassphraseKey.SALT_LENGTH) : new byte[PassphraseKey.SALT_LENGTH];
    int rounds = key.method() == KeyMethod.PASSPHRASE ? PassphraseKey.ROUNDS : 0;
    Bytes.putInt(blob, 8, rounds);
    System.arraycopy(salt, 0, blob, SALT_OFFSET, salt.length);
    byte[] nonce = KeyRing.random(Gcm.NONCE_LENGTH);
    System.arraycopy(nonce, 0, blob, NONCE_OFFSET, nonce.length);
    Bytes.putInt(blob, HEADER_LENGTH - 4, plain.length + Gcm.TAG_LENGTH);
    byte[] header = Arrays.copyOf(blob, HEADER_LENGTH);
    new Gcm()
        .seal(key.key(salt, rounds), nonce, header, plain, 0, plain.length, blob, HEADER_LENGTH);
    KeyRing.wipe(plain);
    Bytes.putInt(blob, blob.length - CHECKSUM_LENGTH, checksum(blob));
    return blob;
  }

  /** The lowest that understands the ring. */
  private static int version(KeyRing ring) {
    if (ring.announces()) {
      return VERSION;
    }
    boolean first = ring.journalKeyIds().equals(Set.of(KeyRing.FIRST_JOURNAL_KEY_ID));
    return first ? FIRST_VERSION : CHANGED_VERSION;
  }

  static KeyRing unwrap(byte[] blob, KeyEncryptionKey key) {
    KeyMethod method = check(blob);
    if (method != key.method()) {
      throw wrongKey("it is locked with a " + method.words() + ", not a " + key.method().words());
    }
    int rounds = Bytes.getInt(blob, 8);
    if (method == KeyMethod.PASSPHRASE
        && (rounds < PassphraseKey.ROUNDS || rounds > PassphraseKey.MAX_ROUNDS)) {
      throw damaged("its number of derivation rounds is out of range");
    }
    byte[] header = Arrays.copyOf(blob, HEADER_LENGTH);
    byte[] salt = Arrays.copyOfRange(blob, SALT_OFFSET, SALT_OFFSET + PassphraseKey.SALT_LENGTH);
    byte[] nonce = Arrays.copyOfRange(blob, NONCE_OFFSET, NONCE_OFFSET + Gcm.NONCE_LENGTH);
    int sealed = blob.length - HEADER_LENGTH - CHECKSUM_LENGTH;
    byte[] plain = new byte[sealed - Gcm.TAG_LENGTH];
    if (!new Gcm()
        .open(key.key(salt, rounds), nonce, header, blob, HEADER_LENGTH, sealed, plain, 0)) {
      throw wrongKey("it is locked with another " + method.words());
    }
    try {
      return decode(plain);
    } finally {
      KeyRing.wipe(plain);
    }
  }

  /** Checks everything that needs no key. */
  private static KeyMethod check(byte[] blob) {
    if (blob.length < HEADER_LENGTH + Gcm.TAG_LENGTH + CHECKSUM_LENGTH
        || blob.length > MAX_LENGTH) {
      throw damaged("its length is out of range");
    }
    if (Bytes.getInt(blob, 0) != MAGIC) {
      throw damaged("it does not begin as a key ring does");
    }
    int version = Bytes.getInt(blob, 4) >>> 16;
    // Before the checksum, which a newer version may keep elsewhere.
    if (version > VERSION) {
      throw DvxException.of(Kind.UNSUPPORTED, "The pool's key ring is of an unknown version")
          .cause("a newer version of the program wrote it")
          .remedy("Use that version or a newer one; nothing was changed")
          .detail("version", version)
          .detail("known version", VERSION)
          .build();
    }
    if (version < 1 || Bytes.getInt(blob, blob.length - CHECKSUM_LENGTH) != checksum(blob)) {
      throw damaged("its checksum is wrong");
    }
    KeyMethod method = KeyMethod.of(blob[6]);
    if (method == null || blob[7] != 0) {
      throw damaged("it is locked in an unknown way");
    }
    if (Bytes.getInt(blob, HEADER_LENGTH - 4) != blob.length - HEADER_LENGTH - CHECKSUM_LENGTH) {
      throw damaged("its inner length is wrong");
    }
    return method;
  }

  static byte[] encode(KeyRing ring) {
    int several = ring.dataKeyIds().size() + ring.journalKeyIds().size();
    int length =
        PLAIN_HEADER_LENGTH
            + several * (ENTRY_HEADER_LENGTH + KeyRing.KEY_LENGTH)
            + 2 * (ENTRY_HEADER_LENGTH + KeyRing.KEY_LENGTH)
            + ENTRY_HEADER_LENGTH
            + KeyRing.DIRECTORY_HASH_KEY_LENGTH;
    byte[] plain = new byte[length];
    Bytes.putInt(plain, 0, ring.currentDataKeyId());
    Bytes.putInt(plain, 4, several + 3);
    int at = PLAIN_HEADER_LENGTH;
    for (int id : ring.dataKeyIds()) {
      at = put(plain, at, Purpose.DATA, id, ring.rawDataKey(id));
    }
    at = put(plain, at, Purpose.FINGERPRINT, 0, ring.fingerprintKey());
    at = put(plain, at, Purpose.HANDLE, 0, ring.handleKey());
    for (int id : ring.journalKeyIds()) {
      at = put(plain, at, Purpose.JOURNAL, id, ring.rawJournalKey(id));
    }
    put(plain, at, Purpose.DIRECTORY_HASH, 0, ring.directoryHashKey());
    return plain;
  }

  private static int put(byte[] plain, int at, Purpose purpose, int id, byte[] key) {
    plain[at] = purpose.code;
    plain[at + 1] = (byte) key.length;
    Bytes.putInt(plain, at + 2, id);
    System.arraycopy(key, 0, plain, at + ENTRY_HEADER_LENGTH, key.length);
    KeyRing.wipe(key);
    return at + ENTRY_HEADER_LENGTH + key.length;
  }

  /** Reads what the tag has vouched for; the checks are against a faulty writer. */
  static KeyRing decode(byte[] plain) {
    if (plain.length < PLAIN_HEADER_LENGTH) {
      throw damaged("it ends within its header");
    }
    int count = Bytes.getInt(plain, 4);
    if (count < 0 || count > MOST_KEYS) {
      throw damaged("its number of keys is out of range");
    }
    SortedMap<Integer, byte[]> dataKeys = new TreeMap<>();
    SortedMap<Integer, byte[]> journalKeys = new TreeMap<>();
    Map<Purpose, byte[]> single = new EnumMap<>(Purpose.class);
    int at = PLAIN_HEADER_LENGTH;
    for (int i = 0; i < count; i++) {
      if (plain.length - at < ENTRY_HEADER_LENGTH) {
        throw damaged("it ends within a key");
      }
      Purpose purpose = Purpose.of(plain[at]);
      int id = Bytes.getInt(plain, at + 2);
      at += ENTRY_HEADER_LENGTH;
      if (plain[at - ENTRY_HEADER_LENGTH + 1] != purpose.length
          || plain.length - at < purpose.length) {
        throw damaged("a key in it has a wrong length");
      }
      byte[] key = Arrays.copyOfRange(plain, at, at + purpose.length);
      at += purpose.length;
      byte[] earlier =
          switch (purpose) {
            case DATA -> dataKeys.putIfAbsent(id, key);
            case JOURNAL -> journalKeys.putIfAbsent(id, key);
            case FINGERPRINT, HANDLE, DIRECTORY_HASH -> single.putIfAbsent(purpose, key);
          };
      if (earlier != null) {
        throw damaged("it holds two keys for one purpose");
      }
      if (!isId(purpose, id)) {
        throw damaged("a key in it has an id that is none");
      }
    }
    int current = Bytes.getInt(plain, 0);
    if (at != plain.length
        || !dataKeys.containsKey(current)
        || dataKeys.size() > KeyRing.MAX_DATA_KEYS
        || journalKeys.headMap(current + 1).isEmpty()) {
      throw damaged("its parts do not fit together");
    }
    return new KeyRing(
        dataKeys,
        current,
        required(single, Purpose.FINGERPRINT),
        required(single, Purpose.HANDLE),
        journalKeys,
        required(single, Purpose.DIRECTORY_HASH));
  }

  private static boolean isId(Purpose purpose, int id) {
    return switch (purpose) {
      case DATA -> id >= 1 && id <= KeyRing.MAX_KEY_ID;
      case JOURNAL -> id >= KeyRing.FIRST_JOURNAL_KEY_ID && id <= KeyRing.MAX_KEY_ID;
      case FINGERPRINT, HANDLE, DIRECTORY_HASH -> true;
    };
  }

  private static byte[] required(Map<Purpose, byte[]> keys, Purpose purpose) {
    byte[] key = keys.get(purpose);
    if (key == null) {
      throw damaged("it lacks the key for " + purpose);
    }
    return key;
  }

  private static int checksum(byte[] blob) {
    CRC32C crc = new CRC32C();
    crc.update(blob, 0, blob.length - CHECKSUM_LENGTH);
    return (int) crc.getValue();
  }

  private static DvxException wrongKey(String cause) {
    return DvxException.of(Kind.DENIED, "This key does not open the pool")
        .cause(cause)
        .remedy("Give the key that the pool was last locked with; nothing was changed")
        .build();
  }

  private static DvxException damaged(String cause) {
    return DvxException.of(Kind.CORRUPT, "The pool's key ring is damaged")
        .cause(cause)
        .remedy("Bring back the drives that held good copies of it; nothing was changed")
        .build();
  }
}
