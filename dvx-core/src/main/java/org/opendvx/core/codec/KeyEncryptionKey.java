package org.opendvx.core.codec;

import java.nio.file.Path;
import javax.crypto.SecretKey;

/**
 * What a person or a file gives to unlock a pool's {@link KeyRing}. Thread-safe until closed; its
 * text never shows the secret.
 */
public abstract sealed class KeyEncryptionKey implements AutoCloseable
    permits FileKey, PassphraseKey, TokenKey {

  KeyEncryptionKey() {}

  /**
   * Reads a key file: 32 bytes that nobody but its owner may touch.
   *
   * @throws org.opendvx.core.error.DvxException NOT_FOUND, INVALID when it is no key file, DENIED
   *     when others have rights on it or it cannot be read
   */
  public static KeyEncryptionKey fromFile(Path file) {
    return FileKey.read(file);
  }

  /**
   * Makes a key file of 32 random bytes with rights for its owner only. It is there whole and
   * durable on return, or not at all.
   *
   * @throws org.opendvx.core.error.DvxException EXISTS when there is such a file, INVALID when it
   *     cannot be written there
   */
  public static KeyEncryptionKey createFile(Path file) {
    return FileKey.create(file);
  }

  /**
   * Takes a passphrase; the array is copied and may be overwritten after the call.
   *
   * @throws org.opendvx.core.error.DvxException INVALID when it is empty or longer than 1,024
   *     characters
   */
  public static KeyEncryptionKey fromPassphrase(char[] passphrase) {
    return new PassphraseKey(passphrase);
  }

  /**
   * Uses an AES key of 256 bits on a PKCS#11 token (HSM, smart card, SoftHSM), which it never
   * leaves.
   *
   * @param library the token's PKCS#11 library
   * @param slot which of the library's slots that have a token, from 0
   * @param label the key's label
   * @param pin of the user; may be overwritten after the call
   * @throws org.opendvx.core.error.DvxException NOT_FOUND when there is no such library, token or
   *     key, DENIED when the PIN is wrong
   */
  public static KeyEncryptionKey fromToken(Path library, int slot, String label, char[] pin) {
    return TokenKey.open(library, slot, label, pin);
  }

  /** What kind of key this is, as stored with what it wrapped. */
  abstract KeyMethod method();

  /**
   * The AES key.
   *
   * @param salt for derivation, where the method derives
   * @param rounds of derivation, where the method derives
   */
  abstract SecretKey key(byte[] salt, int rounds);

  /** Overwrites the secret; the key cannot be used after that. */
  @Override
  public abstract void close();
}
