package org.opendvx.core.codec;

import java.security.GeneralSecurityException;
import java.security.InvalidAlgorithmParameterException;
import javax.crypto.AEADBadTagException;
import javax.crypto.Cipher;
import javax.crypto.SecretKey;
import javax.crypto.spec.GCMParameterSpec;

/**
 * AES-256-GCM with 96-bit nonces and 128-bit tags over byte arrays; direct buffers are twice as
 * slow in the JDK. Confined to one thread.
 */
final class Gcm {
  static final int NONCE_LENGTH = 12;
  static final int TAG_LENGTH = 16;

  private static final int TAG_BITS = TAG_LENGTH * 8;

  private final Cipher sealing = cipher();
  private final Cipher opening = cipher();

  /**
   * Writes cipher text and tag: {@code length + 16} bytes.
   *
   * @throws IllegalStateException when the nonce is the one of the call before, under the same key
   */
  void seal(
      SecretKey key,
      byte[] nonce,
      byte[] authenticated,
      byte[] plain,
      int offset,
      int length,
      byte[] target,
      int targetOffset) {
    try {
      sealing.init(Cipher.ENCRYPT_MODE, key, new GCMParameterSpec(TAG_BITS, nonce));
      sealing.updateAAD(authenticated);
      sealing.doFinal(plain, offset, length, target, targetOffset);
    } catch (InvalidAlgorithmParameterException e) {
      throw new IllegalStateException("a nonce was about to be used twice", e);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("AES-GCM failed to seal", e);
    }
  }

  /**
   * Opens cipher text and tag, {@code length} bytes together; writes {@code length - 16}.
   *
   * @return false when the tag does not fit; what is in the target then means nothing
   */
  boolean open(
      SecretKey key,
      byte[] nonce,
      byte[] authenticated,
      byte[] sealed,
      int offset,
      int length,
      byte[] target,
      int targetOffset) {
    try {
      opening.init(Cipher.DECRYPT_MODE, key, new GCMParameterSpec(TAG_BITS, nonce));
      opening.updateAAD(authenticated);
      opening.doFinal(sealed, offset, length, target, targetOffset);
      return true;
    } catch (AEADBadTagException e) {
      return false;
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("AES-GCM failed to open", e);
    }
  }

  private static Cipher cipher() {
    try {
      return Cipher.getInstance("AES/GCM/NoPadding");
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every Java platform has AES-GCM", e);
    }
  }
}
