package org.opendvx.core.codec;

import java.security.GeneralSecurityException;
import java.util.Arrays;
import javax.crypto.SecretKey;
import javax.crypto.SecretKeyFactory;
import javax.crypto.spec.PBEKeySpec;
import javax.crypto.spec.SecretKeySpec;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;

/** A passphrase, stretched with PBKDF2-HMAC-SHA512 (RFC 8018) over its UTF-8 bytes. */
final class PassphraseKey extends KeyEncryptionKey {
  /** Rounds for new blobs, and the fewest that are believed: about half a second of one core. */
  static final int ROUNDS = 600_000;

  /** Most rounds that are believed, so that a forged blob cannot keep a core busy for hours. */
  static final int MAX_ROUNDS = 10_000_000;

  static final int SALT_LENGTH = 16;

  private static final int MAX_CHARACTERS = 1024;

  private final char[] passphrase;

  PassphraseKey(char[] passphrase) {
    if (passphrase.length == 0 || passphrase.length > MAX_CHARACTERS) {
      throw DvxException.of(Kind.INVALID, "This is no passphrase")
          .cause(passphrase.length == 0 ? "it is empty" : "it is too long")
          .remedy("Give one of 1 to " + MAX_CHARACTERS + " characters")
          .build();
    }
    this.passphrase = passphrase.clone();
  }

  @Override
  KeyMethod method() {
    return KeyMethod.PASSPHRASE;
  }

  @Override
  SecretKey key(byte[] salt, int rounds) {
    PBEKeySpec spec = new PBEKeySpec(passphrase, salt, rounds, KeyRing.KEY_LENGTH * 8);
    try {
      byte[] derived =
          SecretKeyFactory.getInstance("PBKDF2WithHmacSHA512").generateSecret(spec).getEncoded();
      SecretKey key = new SecretKeySpec(derived, "AES");
      KeyRing.wipe(derived);
      return key;
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("the platform lacks PBKDF2WithHmacSHA512", e);
    } finally {
      spec.clearPassword();
    }
  }

  @Override
  public void close() {
    Arrays.fill(passphrase, '\0');
  }

  @Override
  public String toString() {
    return "PassphraseKey";
  }
}
