package org.opendvx.server.security;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.StringReader;
import java.io.StringWriter;
import java.math.BigInteger;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.KeyStore;
import java.security.MessageDigest;
import java.security.PrivateKey;
import java.security.SecureRandom;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Date;
import java.util.HexFormat;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import org.bouncycastle.asn1.pkcs.PrivateKeyInfo;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.cert.X509v3CertificateBuilder;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.openssl.PEMKeyPair;
import org.bouncycastle.openssl.PEMParser;
import org.bouncycastle.openssl.jcajce.JcaPEMKeyConverter;
import org.bouncycastle.openssl.jcajce.JcaPEMWriter;
import org.bouncycastle.openssl.jcajce.JcaPKCS8Generator;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;

/**
 * A certificate chain with its private key, from PEM files.
 *
 * @param chain the node's own certificate first
 */
public record TlsIdentity(List<X509Certificate> chain, PrivateKey key) {
  private static final int MAX_PEM = 1 << 20;
  private static final Duration VALIDITY = Duration.ofDays(3650);
  private static final Pattern ADDRESS = Pattern.compile("[0-9.]+|.*:.*");

  /**
   * Reads the identity of a data folder, after making one if there is none: a self-signed P-256
   * certificate for this machine, valid for ten years, meant to be pinned by its fingerprint.
   *
   * @param names further host names and addresses
   */
  public static TlsIdentity openOrGenerate(
      Path certificate, Path privateKey, Collection<String> names) {
    if (!Files.exists(certificate) || !Files.exists(privateKey)) {
      generate(certificate, privateKey, names);
    }
    return load(certificate, privateKey);
  }

  /** Reads a certificate chain and its private key (PKCS#8, PKCS#1 or SEC1, not encrypted). */
  public static TlsIdentity load(Path certificate, Path privateKey) {
    byte[] certificates = PrivateFiles.read(certificate, MAX_PEM);
    String keyText = new String(PrivateFiles.read(privateKey, MAX_PEM), StandardCharsets.US_ASCII);
    PrivateFiles.refuseReadableByOthers(privateKey);
    try (PEMParser parser = new PEMParser(new StringReader(keyText))) {
      List<X509Certificate> chain = new ArrayList<>();
      for (Certificate one :
          CertificateFactory.getInstance("X.509")
              .generateCertificates(new ByteArrayInputStream(certificates))) {
        chain.add((X509Certificate) one);
      }
      PrivateKey key = readKey(parser);
      if (chain.isEmpty()) {
        throw new IOException("there is no certificate in it");
      }
      return new TlsIdentity(List.copyOf(chain), key);
    } catch (IOException | GeneralSecurityException e) {
      throw DvxException.of(Kind.INVALID, "The TLS certificate cannot be used")
          .causedBy(e)
          .remedy("Give a certificate chain and its private key, both as PEM")
          .detail("certificate", certificate)
          .detail("private key", privateKey)
          .build();
    }
  }

  /** The first private key; parameters of curves may stand before it. */
  private static PrivateKey readKey(PEMParser parser) throws IOException {
    JcaPEMKeyConverter converter = new JcaPEMKeyConverter();
    Object part = parser.readObject();
    while (part != null) {
      if (part instanceof PrivateKeyInfo info) {
        return converter.getPrivateKey(info);
      }
      if (part instanceof PEMKeyPair pair) {
        return converter.getPrivateKey(pair.getPrivateKeyInfo());
      }
      part = parser.readObject();
    }
    throw new IOException("it holds no plain private key");
  }

  /** SHA-256 of the node's own certificate as 64 hex digits. */
  public String fingerprint() {
    return fingerprint(chain.getFirst());
  }

  /** SHA-256 of a certificate as 64 hex digits. */
  public static String fingerprint(X509Certificate certificate) {
    try {
      return HexFormat.of()
          .formatHex(MessageDigest.getInstance("SHA-256").digest(certificate.getEncoded()));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("a certificate has an encoding", e);
    }
  }

  /** A TLS context that presents this identity and asks for none. */
  public SSLContext context() {
    try {
      char[] none = new char[0];
      KeyStore store = KeyStore.getInstance("PKCS12");
      store.load(null, none);
      store.setKeyEntry("node", key, none, chain.toArray(Certificate[]::new));
      KeyManagerFactory keys =
          KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
      keys.init(store, none);
      SSLContext context = SSLContext.getInstance("TLSv1.3");
      context.init(keys.getKeyManagers(), null, null);
      return context;
    } catch (GeneralSecurityException | IOException e) {
      throw DvxException.of(Kind.INVALID, "The TLS certificate and its key do not fit together")
          .causedBy(e)
          .remedy("Give the private key of the first certificate of the chain")
          .build();
    }
  }

  /** Never shows the key. */
  @Override
  public String toString() {
    return "TlsIdentity[" + chain.getFirst().getSubjectX500Principal() + "]";
  }

  private static void generate(Path certificate, Path privateKey, Collection<String> names) {
    try {
      KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
      generator.initialize(new ECGenParameterSpec("secp256r1"));
      KeyPair pair = generator.generateKeyPair();
      PrivateFiles.write(privateKey, pem(new JcaPKCS8Generator(pair.getPrivate(), null)));
      PrivateFiles.writePublic(certificate, pem(selfSigned(pair, names)));
    } catch (GeneralSecurityException | IOException | OperatorCreationException e) {
      throw DvxException.of(Kind.INTERNAL, "No TLS certificate could be made")
          .causedBy(e)
          .remedy("Give one by rest.certificate and rest.private-key")
          .build();
    }
  }

  private static X509Certificate selfSigned(KeyPair pair, Collection<String> names)
      throws IOException, GeneralSecurityException, OperatorCreationException {
    Instant now = Instant.now();
    X500Name subject = new X500Name("CN=OpenDVX node,O=OpenDVX");
    X509v3CertificateBuilder builder =
        new JcaX509v3CertificateBuilder(
            subject,
            new BigInteger(127, new SecureRandom()).setBit(126),
            Date.from(now.minus(Duration.ofHours(1))),
            Date.from(now.plus(VALIDITY)),
            subject,
            pair.getPublic());
    builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(false));
    builder.addExtension(Extension.keyUsage, true, new KeyUsage(KeyUsage.digitalSignature));
    builder.addExtension(
        Extension.extendedKeyUsage,
        false,
        new ExtendedKeyUsage(
            new KeyPurposeId[] {KeyPurposeId.id_kp_serverAuth, KeyPurposeId.id_kp_clientAuth}));
    builder.addExtension(Extension.subjectAlternativeName, false, alternativeNames(names));
    return new JcaX509CertificateConverter()
        .getCertificate(
            builder.build(new JcaContentSignerBuilder("SHA256withECDSA").build(pair.getPrivate())));
  }

  private static GeneralNames alternativeNames(Collection<String> names) {
    Set<String> all = new LinkedHashSet<>(List.of("localhost", "127.0.0.1", "::1"));
    try {
      all.add(InetAddress.getLocalHost().getHostName());
    } catch (UnknownHostException e) {
      // A machine whose name does not resolve is reached by address.
      System.getLogger(TlsIdentity.class.getName())
          .log(System.Logger.Level.DEBUG, "this machine's name does not resolve", e);
    }
    all.addAll(names);
    return new GeneralNames(
        all.stream()
            .map(
                name ->
                    new GeneralName(
                        ADDRESS.matcher(name).matches()
                            ? GeneralName.iPAddress
                            : GeneralName.dNSName,
                        name))
            .toArray(GeneralName[]::new));
  }

  private static byte[] pem(Object what) throws IOException {
    StringWriter text = new StringWriter();
    try (JcaPEMWriter writer = new JcaPEMWriter(text)) {
      writer.writeObject(what);
    }
    return text.toString().getBytes(StandardCharsets.US_ASCII);
  }
}
