package org.opendvx.coordinator.pki;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.HexFormat;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The text that an administrator gives to an agent: a secret, and whom to trust. */
public final class EnrolmentToken {
  private static final Pattern FORM =
      Pattern.compile("dvx1\\.([A-Za-z0-9_-]{43})\\.([0-9a-fA-F]{64})");
  private static final int SECRET_BYTES = 32;

  private EnrolmentToken() {}

  /** A new secret part. */
  public static String secret(SecureRandom random) {
    byte[] bytes = new byte[SECRET_BYTES];
    random.nextBytes(bytes);
    return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
  }

  /** The whole text. */
  public static String text(String secret, String authoritySha256) {
    return "dvx1." + secret + "." + authoritySha256;
  }

  /** The hash of the secret that a text carries, empty when it has not the form of a token. */
  public static Optional<String> hashOf(String text) {
    Matcher matcher = FORM.matcher(text);
    return matcher.matches() ? Optional.of(hash(matcher.group(1))) : Optional.empty();
  }

  /** What is kept of a secret. */
  public static String hash(String secret) {
    return sha256(secret.getBytes(StandardCharsets.US_ASCII));
  }

  /** SHA-256 as hex. */
  public static String sha256(byte[] bytes) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }
}
