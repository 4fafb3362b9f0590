package org.opendvx.core.pool.wire;

import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import java.net.Socket;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.PrivateKey;
import java.security.cert.Certificate;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.util.HexFormat;
import java.util.List;
import java.util.function.Predicate;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLException;
import javax.net.ssl.X509ExtendedTrustManager;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;

/**
 * Mutual TLS 1.3 between nodes that know each other by the SHA-256 of their certificates: no names,
 * no authorities.
 */
public final class NodeTls {
  private NodeTls() {}

  /**
   * Who a node is.
   *
   * @param chain its own certificate first
   */
  public record Identity(List<X509Certificate> chain, PrivateKey key) {
    /** SHA-256 of the certificate as 64 hex digits. */
    public String fingerprint() {
      return NodeTls.fingerprint(chain.getFirst());
    }

    /** Never shows the key. */
    @Override
    public String toString() {
      return "Identity[" + fingerprint() + "]";
    }
  }

  /** SHA-256 of a certificate as 64 hex digits. */
  public static String fingerprint(Certificate certificate) {
    try {
      return HexFormat.of()
          .formatHex(MessageDigest.getInstance("SHA-256").digest(certificate.getEncoded()));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("a certificate has an encoding", e);
    }
  }

  /**
   * For the side that listens; whoever connects must have a certificate.
   *
   * @param known whether a fingerprint is accepted
   */
  public static SslContext server(Identity identity, Predicate<String> known) {
    try {
      return SslContextBuilder.forServer(identity.key(), chain(identity))
          .sslProvider(SslProvider.JDK)
          .protocols("TLSv1.3")
          .clientAuth(ClientAuth.REQUIRE)
          .trustManager(new Pins(known))
          .build();
    } catch (SSLException e) {
      throw unusable(e);
    }
  }

  /**
   * For the side that connects.
   *
   * @param expected fingerprint of the other side
   */
  public static SslContext client(Identity identity, String expected) {
    return client(identity, expected::equals);
  }

  /**
   * For the side that connects.
   *
   * @param known whether a fingerprint is accepted
   */
  public static SslContext client(Identity identity, Predicate<String> known) {
    try {
      return SslContextBuilder.forClient()
          .sslProvider(SslProvider.JDK)
          .protocols("TLSv1.3")
          .endpointIdentificationAlgorithm(null)
          .keyManager(identity.key(), chain(identity))
          .trustManager(new Pins(known))
          .build();
    } catch (SSLException e) {
      throw unusable(e);
    }
  }

  private static X509Certificate[] chain(Identity identity) {
    return identity.chain().toArray(X509Certificate[]::new);
  }

  private static DvxException unusable(SSLException e) {
    return DvxException.of(Kind.INVALID, "The node's certificate cannot be used")
        .causedBy(e)
        .remedy("Give a certificate and its private key that fit together")
        .build();
  }

  /** Accepts certificates by their fingerprint alone. */
  private static final class Pins extends X509ExtendedTrustManager {
    private final Predicate<String> known;

    Pins(Predicate<String> known) {
      this.known = known;
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type)
        throws CertificateException {
      check(chain);
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type)
        throws CertificateException {
      check(chain);
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, Socket socket)
        throws CertificateException {
      check(chain);
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type, Socket socket)
        throws CertificateException {
      check(chain);
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, SSLEngine engine)
        throws CertificateException {
      check(chain);
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type, SSLEngine engine)
        throws CertificateException {
      check(chain);
    }

    @Override
    public X509Certificate[] getAcceptedIssuers() {
      return new X509Certificate[0];
    }

    private void check(X509Certificate[] chain) throws CertificateException {
      chain[0].checkValidity();
      if (!known.test(fingerprint(chain[0]))) {
        throw new CertificateException("the certificate is not the one that is expected");
      }
    }
  }
}
