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

/**
 * Mutual TLS 1.3 between hosts. A host's certificate carries its name as the subject's common name,
 * and is believed when one of the trusted certificates signed it (or is it).
 *
 * @param server for connections that come in
 * @param client for connections that go out
 */
public record PeerTls(SslContext server, SslContext client) {
  private static final String PROTOCOL = "TLSv1.3";

  /** This host's identity, and whom it believes. */
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
              .build());
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
  static String name(SSLSession session) {
    try {
      Certificate[] chain = session.getPeerCertificates();
      if (chain.length > 0 && chain[0] instanceof X509Certificate certificate) {
        LdapName subject = new LdapName(certificate.getSubjectX500Principal().getName());
        for (Rdn part : subject.getRdns()) {
          if (part.getType().equalsIgnoreCase("CN")) {
            return part.getValue().toString();
          }
        }
      }
    } catch (SSLPeerUnverifiedException | InvalidNameException e) {
      throw unknown().causedBy(e).build();
    }
    throw unknown().build();
  }

  private static DvxException.Builder unknown() {
    return DvxException.of(Kind.UNAUTHENTICATED, "A peer has not shown who it is")
        .remedy("Give each host a certificate with its name as the common name");
  }
}
