package org.opendvx.server.wiring;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.opendvx.core.codec.KeyEncryptionKey;
import org.opendvx.core.codec.KeyRing;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.pool.Epoch;
import org.opendvx.core.pool.RecordStore;
import org.opendvx.core.pool.RecordStore.VersionedRecord;
import org.opendvx.server.config.KeysSection;
import org.opendvx.server.node.DataFolder;
import org.opendvx.server.security.PrivateFiles;

/**
 * Unlocks the pool's key ring by key file or passphrase. A key file is made at the very first start
 * only: a missing one later is an error, since a new one could open nothing.
 */
final class NodeKeys {
  private static final String RECORD = "keyring";
  private static final Epoch SETUP = new Epoch("setup", 1);

  private NodeKeys() {}

  /**
   * Opens the ring, making it in a pool that has none.
   *
   * @param fresh whether the pool was never in use
   */
  static KeyRing open(RecordStore records, KeysSection keys, DataFolder folder, boolean fresh) {
    Optional<VersionedRecord> wrapped = records.get(RECORD);
    if (wrapped.isPresent()) {
      try (KeyEncryptionKey key = known(keys, folder)) {
        return KeyRing.unwrap(wrapped.get().value(), key);
      }
    }
    if (!fresh) {
      throw DvxException.of(Kind.CORRUPT, "The pool has no key ring")
          .cause("It was in use, but the record of its keys is not there")
          .remedy("Check that all drives are there; nothing was changed")
          .build();
    }
    try (KeyEncryptionKey key = knownOrNew(keys, folder)) {
      KeyRing ring = KeyRing.generate();
      records.put(SETUP, RECORD, 0, ring.wrap(key));
      return ring;
    }
  }

  private static KeyEncryptionKey known(KeysSection keys, DataFolder folder) {
    return keys.byPassphrase()
        ? passphrase(keys.passphraseFile())
        : KeyEncryptionKey.fromFile(keyFile(keys, folder));
  }

  private static KeyEncryptionKey knownOrNew(KeysSection keys, DataFolder folder) {
    Path file = keyFile(keys, folder);
    if (keys.byPassphrase() || Files.exists(file)) {
      return known(keys, folder);
    }
    Path above = file.toAbsolutePath().getParent();
    if (above != null) {
      PrivateFiles.createFolder(above);
    }
    return KeyEncryptionKey.createFile(file);
  }

  private static Path keyFile(KeysSection keys, DataFolder folder) {
    return keys.file().toString().isEmpty() ? folder.keyFile() : keys.file();
  }

  private static KeyEncryptionKey passphrase(Path file) {
    return KeyEncryptionKey.fromPassphrase(PrivateFiles.readSecret(file).toCharArray());
  }
}
