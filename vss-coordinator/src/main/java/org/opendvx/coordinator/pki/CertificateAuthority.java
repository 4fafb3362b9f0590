package org.opendvx.coordinator.pki;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.SecureRandom;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.interfaces.RSAPublicKey;
import java.security.spec.PKCS8EncodedKeySpec;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.Date;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import javax.security.auth.x500.X500Principal;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.cert.CertIOException;
import org.bouncycastle.cert.X509v3CertificateBuilder;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509ExtensionUtils;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.bouncycastle.operator.jcajce.JcaContentVerifierProviderBuilder;
import org.bouncycastle.pkcs.PKCSException;
import org.bouncycastle.pkcs.jcajce.JcaPKCS10CertificationRequest;
import org.jspecify.annotations.Nullable;
import org.opendvx.coordinator.store.StateFile;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;

/**
 * Issues the certificates of the agent port: the coordinator's own, and one for each agent, which
 * names the agent as {@code urn:dvx:agent:UUID} and nothing else. Thread-safe.
 */
public final class CertificateAuthority {
  private static final String NAME = "urn:dvx:agent:";
  private static final int KEY_BITS = 3072;
  private static final int SERVER_KEY_BITS = 2048;
  private static final int MIN_AGENT_BITS = 2048;
  private static final int MAX_AGENT_BITS = 4096;
  private static final int MAX_FILE = 1 << 16;
  private static final Duration LIFE = Duration.ofDays(20 * 365);
  private static final Duration SERVER_LIFE = Duration.ofDays(397);

  /** Clocks of guests may lag. */
  private static final Duration BACKDATED = Duration.ofDays(1);

  private static final String ALGORITHM = "SHA256withRSA";

  private final X509Certificate certificate;
  private final PrivateKey key;
  private final Clock clock;
  private final SecureRandom random = new SecureRandom();

  private CertificateAuthority(X509Certificate certificate, PrivateKey key, Clock clock) {
    this.certificate = certificate;
    this.key = key;
    this.clock = clock;
  }

  /**
   * A certificate with its key.
   *
   * @param chain its own first, the authority's last
   */
  public record Identity(List<X509Certificate> chain, PrivateKey key) {
    /** Without the key. */
    @Override
    public String toString() {
      return "Identity[" + chain.getFirst().getSerialNumber().toString(16) + "]";
    }
  }

  /**
   * A certificate that was just issued.
   *
   * @param serial hex
   */
  public record Issued(X509Certificate certificate, String serial, Instant notAfter) {}

  /**
   * Opens the authority of a folder, making it when there is none.
   *
   * @throws DvxException CORRUPT when only half of it is there
   */
  public static CertificateAuthority open(Path folder, Clock clock) {
    Path keyFile = folder.resolve("ca.key");
    Path certificateFile = folder.resolve("ca.crt");
    Optional<byte[]> keyBytes = StateFile.read(keyFile, MAX_FILE);
    Optional<byte[]> certificateBytes = StateFile.read(certificateFile, MAX_FILE);
    if (certificateBytes.isEmpty()) {
      // A key without a certificate is what an interrupted first start left: no agent knows it.
      CertificateAuthority made = create(clock);
      try {
        StateFile.write(keyFile, made.key.getEncoded());
        StateFile.write(certificateFile, made.certificate.getEncoded());
      } catch (GeneralSecurityException e) {
        throw new IllegalStateException("a certificate has an encoding", e);
      }
      return made;
    }
    if (keyBytes.isEmpty()) {
      throw damaged(folder, "ca.key is missing", null);
    }
    try {
      return new CertificateAuthority(
          parse(certificateBytes.get()), privateKey(keyBytes.get()), clock);
    } catch (GeneralSecurityException e) {
      throw damaged(folder, "a file cannot be read", e);
    }
  }

  private static CertificateAuthority create(Clock clock) {
    try {
      KeyPair pair = pair(KEY_BITS);
      Instant now = clock.instant();
      X500Name name = new X500Name("CN=OpenDVX agents " + UUID.randomUUID());
      JcaX509v3CertificateBuilder builder =
          new JcaX509v3CertificateBuilder(
              name,
              new BigInteger(127, new SecureRandom()),
              Date.from(now.minus(BACKDATED)),
              Date.from(now.plus(LIFE)),
              name,
              pair.getPublic());
      builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(0));
      builder.addExtension(
          Extension.keyUsage, true, new KeyUsage(KeyUsage.keyCertSign | KeyUsage.cRLSign));
      builder.addExtension(
          Extension.subjectKeyIdentifier,
          false,
          new JcaX509ExtensionUtils().createSubjectKeyIdentifier(pair.getPublic()));
      return new CertificateAuthority(sign(builder, pair.getPrivate()), pair.getPrivate(), clock);
    } catch (IOException | GeneralSecurityException | OperatorCreationException e) {
      throw new IllegalStateException("a certificate authority cannot be made", e);
    }
  }

  /** SHA-256 of the authority's certificate, hex: what agents pin. */
  public String sha256() {
    return EnrolmentToken.sha256(der(certificate));
  }

  /** The authority's own certificate. */
  public X509Certificate certificate() {
    return certificate;
  }

  /** The encoding of a certificate. */
  public static byte[] der(X509Certificate certificate) {
    try {
      return certificate.getEncoded();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("a certificate has an encoding", e);
    }
  }

  /** A new key and certificate for the agent port. */
  public Identity issueServer() {
    try {
      KeyPair pair = pair(SERVER_KEY_BITS);
      JcaX509v3CertificateBuilder builder =
          builder(new X500Name("CN=OpenDVX coordinator"), pair.getPublic(), SERVER_LIFE);
      extend(builder, pair.getPublic(), KeyPurposeId.id_kp_serverAuth);
      builder.addExtension(
          Extension.subjectAlternativeName,
          false,
          new GeneralNames(new GeneralName(GeneralName.dNSName, "coordinator.dvx.invalid")));
      return new Identity(List.of(sign(builder, key), certificate), pair.getPrivate());
    } catch (IOException | GeneralSecurityException | OperatorCreationException e) {
      throw new IllegalStateException("the coordinator's certificate cannot be made", e);
    }
  }

  /**
   * Issues a certificate for the key of a request; nothing else of the request is taken over.
   *
   * @param request DER of a PKCS#10
   * @throws BadCertificateException when the key is unfit, or the request not signed with it
   */
  public Issued issueAgent(UUID agent, byte[] request, Duration life)
      throws BadCertificateException {
    PublicKey publicKey = checked(request);
    try {
      JcaX509v3CertificateBuilder builder = builder(new X500Name("CN=" + agent), publicKey, life);
      extend(builder, publicKey, KeyPurposeId.id_kp_clientAuth);
      builder.addExtension(
          Extension.subjectAlternativeName,
          true,
          new GeneralNames(new GeneralName(GeneralName.uniformResourceIdentifier, NAME + agent)));
      X509Certificate issued = sign(builder, key);
      return new Issued(
          issued, issued.getSerialNumber().toString(16), issued.getNotAfter().toInstant());
    } catch (IOException | GeneralSecurityException | OperatorCreationException e) {
      throw new BadCertificateException("no certificate can be made for it");
    }
  }

  private static PublicKey checked(byte[] request) throws BadCertificateException {
    try {
      JcaPKCS10CertificationRequest parsed = new JcaPKCS10CertificationRequest(request);
      PublicKey publicKey = parsed.getPublicKey();
      if (!(publicKey instanceof RSAPublicKey rsa)) {
        throw new BadCertificateException("the key is not RSA");
      }
      int bits = rsa.getModulus().bitLength();
      if (bits < MIN_AGENT_BITS || bits > MAX_AGENT_BITS) {
        throw new BadCertificateException("the key has " + bits + " bits, not 2048 to 4096");
      }
      if (rsa.getPublicExponent().compareTo(BigInteger.valueOf(65_537)) < 0
          || rsa.getPublicExponent().bitLength() > 64) {
        throw new BadCertificateException("the key has an unusual exponent");
      }
      if (!parsed.isSignatureValid(new JcaContentVerifierProviderBuilder().build(publicKey))) {
        throw new BadCertificateException("the request is not signed with its key");
      }
      return publicKey;
    } catch (IOException
        | GeneralSecurityException
        | OperatorCreationException
        | PKCSException
        | RuntimeException e) {
      throw new BadCertificateException("the request cannot be read");
    }
  }

  /**
   * Reads a certificate that a client presented.
   *
   * @throws BadCertificateException when it is not ours, out of its time, or names no agent
   */
  public AgentCertificate verify(X509Certificate presented) throws BadCertificateException {
    try {
      presented.verify(certificate.getPublicKey());
    } catch (GeneralSecurityException e) {
      throw new BadCertificateException("the certificate was not issued here");
    }
    Instant now = clock.instant();
    if (now.isBefore(presented.getNotBefore().toInstant())) {
      throw new BadCertificateException(
          "the certificate is valid from " + presented.getNotBefore().toInstant() + " on");
    }
    if (now.isAfter(presented.getNotAfter().toInstant())) {
      throw new BadCertificateException(
          "the certificate was valid until " + presented.getNotAfter().toInstant());
    }
    try {
      List<String> usages = presented.getExtendedKeyUsage();
      if (usages == null || !usages.contains(KeyPurposeId.id_kp_clientAuth.getId())) {
        throw new BadCertificateException("the certificate is not an agent's");
      }
      Collection<List<?>> names = presented.getSubjectAlternativeNames();
      if (names != null) {
        for (List<?> name : names) {
          if (name.size() > 1
              && name.get(1) instanceof String text
              && text.regionMatches(true, 0, NAME, 0, NAME.length())) {
            return new AgentCertificate(
                UUID.fromString(text.substring(NAME.length())),
                presented.getSerialNumber().toString(16),
                presented.getNotAfter().toInstant());
          }
        }
      }
    } catch (GeneralSecurityException | IllegalArgumentException e) {
      throw new BadCertificateException("the certificate cannot be read");
    }
    throw new BadCertificateException("the certificate names no agent");
  }

  private JcaX509v3CertificateBuilder builder(X500Name subject, PublicKey of, Duration life) {
    Instant now = clock.instant();
    return new JcaX509v3CertificateBuilder(
        certificate,
        new BigInteger(127, random),
        Date.from(now.minus(BACKDATED)),
        Date.from(now.plus(life)),
        new X500Principal(subject.toString()),
        of);
  }

  private void extend(JcaX509v3CertificateBuilder builder, PublicKey of, KeyPurposeId purpose)
      throws CertIOException, GeneralSecurityException {
    JcaX509ExtensionUtils utils = new JcaX509ExtensionUtils();
    builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(false));
    builder.addExtension(
        Extension.keyUsage,
        true,
        new KeyUsage(KeyUsage.digitalSignature | KeyUsage.keyEncipherment));
    builder.addExtension(Extension.extendedKeyUsage, false, new ExtendedKeyUsage(purpose));
    builder.addExtension(
        Extension.subjectKeyIdentifier, false, utils.createSubjectKeyIdentifier(of));
    builder.addExtension(
        Extension.authorityKeyIdentifier, false, utils.createAuthorityKeyIdentifier(certificate));
  }

  private static X509Certificate sign(X509v3CertificateBuilder builder, PrivateKey with)
      throws GeneralSecurityException, OperatorCreationException {
    return new JcaX509CertificateConverter()
        .getCertificate(builder.build(new JcaContentSignerBuilder(ALGORITHM).build(with)));
  }

  private static KeyPair pair(int bits) throws GeneralSecurityException {
    KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA");
    generator.initialize(bits);
    return generator.generateKeyPair();
  }

  private static X509Certificate parse(byte[] der) throws GeneralSecurityException {
    return (X509Certificate)
        CertificateFactory.getInstance("X.509").generateCertificate(new ByteArrayInputStream(der));
  }

  private static PrivateKey privateKey(byte[] der) throws GeneralSecurityException {
    return KeyFactory.getInstance("RSA").generatePrivate(new PKCS8EncodedKeySpec(der));
  }

  private static DvxException damaged(Path folder, String why, @Nullable Exception source) {
    DvxException.Builder builder =
        DvxException.of(Kind.CORRUPT, "The certificate authority for agents cannot be used")
            .cause(why)
            .remedy("Put the folder's files back from a copy; without them all agents enrol anew")
            .detail("folder", folder);
    return (source == null ? builder : builder.causedBy(source)).build();
  }
}
