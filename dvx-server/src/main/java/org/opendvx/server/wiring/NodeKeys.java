package org.opendvx.server.wiring;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import org.opendvx.core.codec.KeyEncryptionKey;
import org.opendvx.core.codec.KeyRing;
import org.opendvx.core.datastore.DataKeys;
import org.opendvx.core.datastore.PoolKeys;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.pool.Epoch;
import org.opendvx.core.pool.RecordStore;
import org.opendvx.core.pool.RecordStore.VersionedRecord;
import org.opendvx.server.config.KeysSection;
import org.opendvx.server.node.DataFolder;
import org.opendvx.server.security.PrivateFiles;

/**
 * Unlocks the pool's key ring by key file, passphrase or token. A key file is made at the very
 * first start only: a missing one later is an error, since a new one could open nothing.
 */
final class NodeKeys {
  /** Key of the record that holds the wrapped ring. */
  static final String RECORD = PoolKeys.RECORD;

  private static final Epoch SETUP = new Epoch("setup", 1);

  private final KeysSection keys;
  private final DataFolder folder;

  NodeKeys(KeysSection keys, DataFolder folder) {
    this.keys = keys;
    this.folder = folder;
  }

  /**
   * Opens a ring.
   *
   * @throws DvxException DENIED when the key is not the one that it was wrapped with
   */
  KeyRing unwrap(byte[] wrapped) {
    try (KeyEncryptionKey key = known()) {
      return KeyRing.unwrap(wrapped, key);
    }
  }

  /** How rings are locked with this key, which is read anew each time. */
  DataKeys.Lock lock() {
    return new DataKeys.Lock() {
      @Override
      public byte[] wrap(KeyRing ring) {
        try (KeyEncryptionKey key = known()) {
          return ring.wrap(key);
        }
      }

      @Override
      public KeyRing unwrap(byte[] wrapped) {
        return NodeKeys.this.unwrap(wrapped);
      }
    };
  }

  /**
   * Makes the ring of a pool that has none, or opens one that is there after all.
   *
   * @param fresh whether the pool was never in use
   */
  KeyRing create(RecordStore records, boolean fresh) {
    Optional<VersionedRecord> wrapped = records.get(RECORD);
    if (wrapped.isPresent()) {
      return unwrap(wrapped.get().value());
    }
    if (!fresh) {
      throw DvxException.of(Kind.CORRUPT, "The pool has no key ring")
          .cause("It was in use, but the record of its keys is not there")
          .remedy("Check that all drives are there; nothing was changed")
          .build();
    }
    try (KeyEncryptionKey key = knownOrNew()) {
      KeyRing ring = KeyRing.generate();
      records.put(SETUP, RECORD, 0, ring.wrap(key));
      return ring;
    }
  }

  /**
   * Locks the ring of a pool with the key that others name instead; a key file that is not there is
   * made.
   *
   * @throws DvxException DENIED when the present key is not the one; nothing was changed then
   */
  void rotate(RecordStore records, NodeKeys others) {
    try (KeyEncryptionKey present = known();
        KeyEncryptionKey next = others.knownOrNew()) {
      PoolKeys.rewrap(records, SETUP, present, next);
    }
  }

  private KeyEncryptionKey known() {
    if (keys.byToken()) {
      char[] pin = PrivateFiles.readSecret(keys.pkcs11PinFile()).toCharArray();
      try {
        return KeyEncryptionKey.fromToken(
            keys.pkcs11Library(), keys.pkcs11Slot(), keys.pkcs11Key(), pin);
      } finally {
        Arrays.fill(pin, '\0');
      }
    }
    return keys.byPassphrase()
        ? passphrase(keys.passphraseFile())
        : KeyEncryptionKey.fromFile(keyFile());
  }

  private KeyEncryptionKey knownOrNew() {
    Path file = keyFile();
    if (keys.byToken() || keys.byPassphrase() || Files.exists(file)) {
      return known();
    }
    Path above = file.toAbsolutePath().getParent();
    if (above != null) {
      PrivateFiles.createFolder(above);
    }
    return KeyEncryptionKey.createFile(file);
  }

  private Path keyFile() {
    return keys.file().toString().isEmpty() ? folder.keyFile() : keys.file();
  }

  private static KeyEncryptionKey passphrase(Path file) {
    return KeyEncryptionKey.fromPassphrase(PrivateFiles.readSecret(file).toCharArray());
  }
}
