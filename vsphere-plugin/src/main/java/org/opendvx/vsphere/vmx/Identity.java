package org.opendvx.vsphere.vmx;

import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.random.RandomGenerator;

/** Draws identities for machines. */
public final class Identity {
  private final RandomGenerator random;

  /** Draws from a source; one that is secure outside of tests. */
  public Identity(RandomGenerator random) {
    this.random = random;
  }

  /** Draws securely. */
  public static Identity secure() {
    return new Identity(new SecureRandom());
  }

  /** A UUID in the form of a .vmx: {@code 56 4d 12 .. .. .. .. ..-.. .. .. .. .. .. .. ..}. */
  String uuid() {
    byte[] bytes = new byte[16];
    random.nextBytes(bytes);
    bytes[0] = 0x56;
    bytes[1] = 0x4d;
    HexFormat spaced = HexFormat.ofDelimiter(" ");
    return spaced.formatHex(bytes, 0, 8) + "-" + spaced.formatHex(bytes, 8, 16);
  }

  /** Half of a VM-GenerationID: 64 bits as a signed decimal, never 0. */
  String generation() {
    long drawn = random.nextLong();
    return Long.toString(drawn == 0 ? 1 : drawn);
  }

  /** A disk's UUID in the form of a descriptor: {@code 60 00 C2 9. .. ..-.. .. ...}. */
  String diskUuid() {
    byte[] bytes = new byte[16];
    random.nextBytes(bytes);
    bytes[0] = 0x60;
    bytes[1] = 0;
    bytes[2] = (byte) 0xC2;
    bytes[3] = (byte) (0x90 | (bytes[3] & 0x0F));
    HexFormat spaced = HexFormat.ofDelimiter(" ");
    return spaced.formatHex(bytes, 0, 8) + "-" + spaced.formatHex(bytes, 8, 16);
  }
}
