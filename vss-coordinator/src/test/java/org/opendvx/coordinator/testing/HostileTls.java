package org.opendvx.coordinator.testing;

import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.util.List;
import java.util.Map;

/**
 * A TLS client's first message by hand, since no library of today would send what it has to offer.
 */
public final class HostileTls {
  private static final Map<String, Integer> SUITES =
      Map.of(
          "TLS_RSA_WITH_AES_128_CBC_SHA", 0x002F,
          "TLS_RSA_WITH_AES_256_GCM_SHA384", 0x009D,
          "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", 0xC013,
          "TLS_DHE_RSA_WITH_AES_128_CBC_SHA", 0x0033,
          "TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA", 0xC012,
          "TLS_ECDH_anon_WITH_AES_128_CBC_SHA", 0xC018,
          "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256", 0xC027);
  private static final int HANDSHAKE = 22;
  private static final int SERVER_HELLO = 2;
  private static final int PATIENCE_MILLIS = 30_000;

  private HostileTls() {}

  /**
   * Whether the server goes on with a client that offers this.
   *
   * @param version highest protocol version, such as 0x0303 for TLS 1.2
   */
  public static boolean offers(int port, int version, List<String> suites) throws IOException {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
      socket.setSoTimeout(PATIENCE_MILLIS);
      socket.getOutputStream().write(record(hello(version, suites)));
      DataInputStream in = new DataInputStream(socket.getInputStream());
      int type = in.read();
      if (type != HANDSHAKE) {
        return false;
      }
      in.skipNBytes(4);
      return in.read() == SERVER_HELLO;
    }
  }

  private static byte[] record(byte[] hello) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    DataOutputStream out = new DataOutputStream(bytes);
    out.write(HANDSHAKE);
    out.writeShort(0x0301);
    out.writeShort(hello.length + 4);
    out.write(1);
    out.write(0);
    out.writeShort(hello.length);
    out.write(hello);
    return bytes.toByteArray();
  }

  private static byte[] hello(int version, List<String> suites) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    DataOutputStream out = new DataOutputStream(bytes);
    out.writeShort(version);
    out.write(new byte[32]);
    out.write(0);
    out.writeShort(suites.size() * 2);
    for (String suite : suites) {
      Integer number = SUITES.get(suite);
      if (number == null) {
        throw new IllegalArgumentException(suite);
      }
      out.writeShort(number);
    }
    out.write(1);
    out.write(0);
    byte[] extensions = {
      // Groups: x25519, secp256r1.
      0,
      10,
      0,
      6,
      0,
      4,
      0,
      0x1D,
      0,
      0x17,
      // Point formats: uncompressed.
      0,
      11,
      0,
      2,
      1,
      0,
      // Signatures: RSA with SHA-256, SHA-1; RSA-PSS with SHA-256.
      0,
      13,
      0,
      8,
      0,
      6,
      4,
      1,
      2,
      1,
      8,
      4
    };
    out.writeShort(extensions.length);
    out.write(extensions);
    return bytes.toByteArray();
  }
}
