package org.opendvx.core.cluster;

import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import java.security.PrivateKey;
import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import java.util.List;
import javax.naming.InvalidNameException;
import javax.naming.ldap.LdapName;
import javax.naming.ldap.Rdn;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.SSLSession;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.pool.wire.NodeTls;

/**
 * Mutual TLS 1.3 between hosts: by the fingerprints that hosts note in the pool, or by certificates
 * that carry the name of their host and were signed by a trusted one.
 *
 * @param server for connections that come in
 * @param client for connections that go out
 * @param naming the host that a certificate stands for
 */
public record PeerTls(SslContext server, SslContext client, Naming naming) {
  private static final String PROTOCOL = "TLSv1.3";

  /** Tells whose certificate it is; must not block. */
  @FunctionalInterface
  public interface Naming {
    /**
     * The host's name.
     *
     * @throws DvxException UNAUTHENTICATED when it is nobody's
     */
    String name(X509Certificate certificate);
  }

  /** Believes the certificates that the hosts of a pool have noted there. */
  public static PeerTls of(NodeTls.Identity identity, PeerBook book) {
    return new PeerTls(
        NodeTls.server(identity, book::known),
        NodeTls.client(identity, book::known),
        certificate ->
            book.remembered(NodeTls.fingerprint(certificate)).orElseThrow(() -> unknown().build()));
  }

  /** This host's identity, and whom it believes: names are the certificates' common names. */
  public static PeerTls of(
      PrivateKey key, List<X509Certificate> chain, List<X509Certificate> trusted) {
    X509Certificate[] mine = chain.toArray(X509Certificate[]::new);
    X509Certificate[] believed = trusted.toArray(X509Certificate[]::new);
    try {
      return new PeerTls(
          SslContextBuilder.forServer(key, mine)
              .sslProvider(SslProvider.JDK)
              .protocols(PROTOCOL)
              .trustManager(believed)
              .clientAuth(ClientAuth.REQUIRE)
              .build(),
          SslContextBuilder.forClient()
              .sslProvider(SslProvider.JDK)
              .protocols(PROTOCOL)
              .keyManager(key, mine)
              .trustManager(believed)
              // The name is checked by us: hosts are known by name, not by address.
              .endpointIdentificationAlgorithm("")
              .build(),
          PeerTls::commonName);
    } catch (SSLException e) {
      throw DvxException.of(Kind.INVALID, "The certificates of this host cannot be used")
          .causedBy(e)
          .remedy("Look at key, certificate and trusted certificates in the configuration")
          .build();
    }
  }

  /**
   * The name of the host at the other end.
   *
   * @throws DvxException UNAUTHENTICATED when it has shown none
   */
  String name(SSLSession session) {
    try {
      Certificate[] chain = session.getPeerCertificates();
      if (chain.length > 0 && chain[0] instanceof X509Certificate certificate) {
        return naming.name(certificate);
      }
    } catch (SSLPeerUnverifiedException e) {
      throw unknown().causedBy(e).build();
    }
    throw unknown().build();
  }

  private static String commonName(X509Certificate certificate) {
    try {
      LdapName subject = new LdapName(certificate.getSubjectX500Principal().getName());
      for (Rdn part : subject.getRdns()) {
        if (part.getType().equalsIgnoreCase("CN")) {
          return part.getValue().toString();
        }
      }
    } catch (InvalidNameException e) {
      throw unknown().causedBy(e).build();
    }
    throw unknown().build();
  }

  private static DvxException.Builder unknown() {
    return DvxException.of(Kind.UNAUTHENTICATED, "A peer has not shown who it is")
        .remedy("Let it join the data node, and look whether it was shut out");
  }
}
