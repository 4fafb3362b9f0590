package org.opendvx.core.codec;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.AuthProvider;
import java.security.GeneralSecurityException;
import java.security.Key;
import java.security.KeyStore;
import java.security.MessageDigest;
import java.security.Provider;
import java.security.Security;
import java.security.UnrecoverableKeyException;
import javax.crypto.Cipher;
import javax.crypto.SecretKey;
import javax.crypto.spec.SecretKeySpec;
import javax.security.auth.login.FailedLoginException;
import javax.security.auth.login.LoginException;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * An AES key on a PKCS#11 token. The wrapping key is what the token makes of a hash of the salt: so
 * all that is asked of the token is AES-ECB on two blocks, which every one can do, and without the
 * token nothing opens. Formula: docs/formats/keyring.md.
 */
final class TokenKey extends KeyEncryptionKey {
  private static final Logger LOG = LoggerFactory.getLogger(TokenKey.class);
  private static final byte[] PURPOSE = "dvx key ring".getBytes(StandardCharsets.US_ASCII);

  private final Provider provider;
  private final SecretKey onToken;

  private TokenKey(Provider provider, SecretKey onToken) {
    this.provider = provider;
    this.onToken = onToken;
  }

  static TokenKey open(Path library, int slot, String label, char[] pin) {
    if (!Files.isRegularFile(library)) {
      throw refused(Kind.NOT_FOUND, "The PKCS#11 library is not there", library, slot)
          .remedy("Install the token's software, or correct the path")
          .build();
    }
    Provider provider = provider(library, slot);
    boolean done = false;
    try {
      KeyStore store = KeyStore.getInstance("PKCS11", provider);
      store.load(null, pin);
      Key key = store.getKey(label, null);
      if (!(key instanceof SecretKey secret) || !key.getAlgorithm().equals("AES")) {
        throw refused(Kind.NOT_FOUND, "The token has no such AES key", library, slot)
            .remedy("Name the label of an AES key of 256 bits on this token")
            .detail("label", label)
            .build();
      }
      TokenKey opened = new TokenKey(provider, secret);
      KeyRing.wipe(opened.key(new byte[PassphraseKey.SALT_LENGTH], 0).getEncoded());
      done = true;
      return opened;
    } catch (IOException e) {
      Kind kind = isWrongPin(e) ? Kind.DENIED : Kind.UNAVAILABLE;
      throw refused(kind, "The token does not let us in", library, slot)
          .cause(String.valueOf(e.getMessage()))
          .causedBy(e)
          .remedy("Check the PIN, and whether the token has locked itself")
          .build();
    } catch (GeneralSecurityException | RuntimeException e) {
      if (e instanceof DvxException told) {
        throw told;
      }
      throw refused(Kind.UNAVAILABLE, "The token cannot be used", library, slot)
          .cause(String.valueOf(e.getMessage()))
          .causedBy(e)
          .remedy("Check that the token is there, and that the slot is the right one")
          .build();
    } finally {
      if (!done) {
        logout(provider);
      }
    }
  }

  private static Provider provider(Path library, int slot) {
    Provider general = Security.getProvider("SunPKCS11");
    if (general == null) {
      throw refused(Kind.UNSUPPORTED, "This Java has no PKCS#11", library, slot)
          .remedy("Use a JDK with the module jdk.crypto.cryptoki")
          .build();
    }
    String quoted = library.toAbsolutePath().toString().replace("\\", "\\\\").replace("\"", "\\\"");
    try {
      return general.configure(
          "--name = dvx\nlibrary = \"" + quoted + "\"\nslotListIndex = " + slot + "\n");
    } catch (RuntimeException e) {
      throw refused(Kind.NOT_FOUND, "There is no token in this slot", library, slot)
          .cause(String.valueOf(e.getMessage()))
          .causedBy(e)
          .remedy("Check that the library is a PKCS#11 library, and the token is there")
          .build();
    }
  }

  private static boolean isWrongPin(Throwable error) {
    for (Throwable cause = error; cause != null; cause = cause.getCause()) {
      if (cause instanceof FailedLoginException || cause instanceof UnrecoverableKeyException) {
        return true;
      }
    }
    return false;
  }

  private static DvxException.Builder refused(Kind kind, String what, Path library, int slot) {
    return DvxException.of(kind, what).detail("library", library).detail("slot", slot);
  }

  @Override
  KeyMethod method() {
    return KeyMethod.TOKEN;
  }

  @Override
  SecretKey key(byte[] salt, int rounds) {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      digest.update(PURPOSE);
      byte[] blocks = digest.digest(salt);
      // One block cipher call for each half of a hash: not a mode for data.
      Cipher cipher = Cipher.getInstance("AES/ECB/NoPadding", provider);
      cipher.init(Cipher.ENCRYPT_MODE, onToken);
      byte[] derived = cipher.doFinal(blocks);
      SecretKey key = new SecretKeySpec(derived, "AES");
      KeyRing.wipe(derived);
      return key;
    } catch (GeneralSecurityException | RuntimeException e) {
      throw DvxException.of(Kind.UNAVAILABLE, "The token does not compute")
          .cause(String.valueOf(e.getMessage()))
          .causedBy(e)
          .remedy("Check that the token is there and the key may encrypt")
          .build();
    }
  }

  private static void logout(Provider provider) {
    if (provider instanceof AuthProvider token) {
      try {
        token.logout();
      } catch (LoginException | RuntimeException e) {
        LOG.debug("The token was not logged out of: {}", e.toString());
      }
    }
  }

  @Override
  public void close() {
    logout(provider);
  }

  @Override
  public String toString() {
    return "TokenKey";
  }
}
