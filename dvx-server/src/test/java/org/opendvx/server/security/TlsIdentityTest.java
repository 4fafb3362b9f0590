package org.opendvx.server.security;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.util.List;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.openssl.jcajce.JcaPEMWriter;
import org.bouncycastle.util.io.pem.PemObject;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;

class TlsIdentityTest {
  @TempDir private Path folder;

  @Test
  void theGeneratedCertificateIsForThisMachineAndStays() throws Exception {
    TlsIdentity made = open(List.of("dvx.example", "192.0.2.7"));
    X509Certificate certificate = made.chain().getFirst();
    String names = certificate.getSubjectAlternativeNames().toString();
    for (String name :
        new String[] {"localhost", "127.0.0.1", "0:0:0:0:0:0:0:1", "dvx.example", "192.0.2.7"}) {
      assertTrue(names.contains(name), names);
    }
    assertEquals("EC", certificate.getPublicKey().getAlgorithm());
    certificate.verify(certificate.getPublicKey());
    assertEquals(made.fingerprint(), open(List.of()).fingerprint());
    assertEquals(
        "rw-------",
        PosixFilePermissions.toString(Files.getPosixFilePermissions(folder.resolve("key.pem"))));
  }

  @Test
  void keysOfTheOlderFormAreReadToo() throws Exception {
    open(List.of());
    PrivateKey key = KeyPairGenerator.getInstance("RSA").generateKeyPair().getPrivate();
    StringWriter text = new StringWriter();
    try (JcaPEMWriter writer = new JcaPEMWriter(text)) {
      writer.writeObject(
          new PemObject(
              "EC PARAMETERS", new ASN1ObjectIdentifier("1.2.840.10045.3.1.7").getEncoded()));
      writer.writeObject(key);
    }
    assertTrue(text.toString().contains("BEGIN RSA PRIVATE KEY"), text.toString());
    PrivateFiles.write(
        folder.resolve("key.pem"), text.toString().getBytes(StandardCharsets.US_ASCII));
    assertEquals(key, open(List.of()).key());
  }

  @Test
  void damagedFilesAreRefused() throws Exception {
    open(List.of());
    Path key = folder.resolve("key.pem");
    PrivateFiles.write(key, new byte[] {1, 2, 3});
    assertEquals(Kind.INVALID, assertThrows(DvxException.class, () -> open(List.of())).kind());
  }

  private TlsIdentity open(List<String> names) {
    return TlsIdentity.openOrGenerate(
        folder.resolve("certificate.pem"), folder.resolve("key.pem"), names);
  }
}
