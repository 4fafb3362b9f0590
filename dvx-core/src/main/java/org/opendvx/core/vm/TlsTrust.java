package org.opendvx.core.vm;

import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.MessageDigest;
import java.security.cert.Certificate;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.HexFormat;
import java.util.Locale;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedTrustManager;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;

/**
 * Which certificate of a virtualisation manager is believed. There is no way to believe any: a
 * pinned certificate is compared whole, and against an authority the host name is checked too.
 */
public sealed interface TlsTrust {

  /**
   * Exactly this certificate, whatever its names and its issuer.
   *
   * @param sha256 the SHA-256 of its DER form in hexadecimal, colons and spaces allowed
   */
  record Pinned(String sha256) implements TlsTrust {
    /** Checks the form. */
    public Pinned {
      sha256 = sha256.replaceAll("[:\\s]", "").toLowerCase(Locale.ROOT);
      if (!sha256.matches("[0-9a-f]{64}")) {
        throw DvxException.of(Kind.INVALID, "The certificate's fingerprint is not a SHA-256")
            .cause("it must have 64 hexadecimal digits")
            .remedy(
                "read it with: openssl s_client -connect HOST:443 </dev/null"
                    + " | openssl x509 -noout -fingerprint -sha256")
            .build();
      }
    }
  }

  /**
   * Certificates that one of these authorities issued for the host name.
   *
   * @param file authorities' certificates, PEM
   */
  record Authority(Path file) implements TlsTrust {}

  /** Certificates that the JDK's own authorities issued for the host name. */
  record SystemAuthorities() implements TlsTrust {}

  /**
   * The trust that settings name: a fingerprint before a file, and the system's without both.
   *
   * @param sha256 empty for none
   * @param authority an empty path for none
   */
  static TlsTrust of(String sha256, Path authority) {
    if (!sha256.isEmpty()) {
      return new Pinned(sha256);
    }
    return authority.toString().isEmpty() ? new SystemAuthorities() : new Authority(authority);
  }

  /** The context for connections under this trust. */
  default SSLContext context() {
    try {
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(
          null,
          switch (this) {
            case Pinned pinned -> new TrustManager[] {new PinnedTrust(pinned.sha256())};
            case Authority authority -> authorities(authority.file());
            case SystemAuthorities _ -> null;
          },
          null);
      return context;
    } catch (GeneralSecurityException | IOException e) {
      throw DvxException.of(Kind.INVALID, "The trust for the server's certificate cannot be set up")
          .causedBy(e)
          .remedy("give a PEM file with the authority's certificate, or the certificate's SHA-256")
          .build();
    }
  }

  private static TrustManager[] authorities(Path file)
      throws IOException, GeneralSecurityException {
    KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
    store.load(null, null);
    try (InputStream in = Files.newInputStream(file)) {
      int n = 0;
      for (Certificate each : CertificateFactory.getInstance("X.509").generateCertificates(in)) {
        store.setCertificateEntry("authority-" + n++, each);
      }
      if (n == 0) {
        throw new CertificateException(file + " holds no certificate");
      }
    }
    TrustManagerFactory factory =
        TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    factory.init(store);
    return factory.getTrustManagers();
  }

  /** Compares the server's certificate; names do not matter to a certificate known whole. */
  final class PinnedTrust extends X509ExtendedTrustManager {
    private final byte[] wanted;

    private PinnedTrust(String sha256) {
      wanted = HexFormat.of().parseHex(sha256);
    }

    private void check(X509Certificate[] chain) throws CertificateException {
      if (chain == null || chain.length == 0) {
        throw new CertificateException("the server sent no certificate");
      }
      byte[] found;
      try {
        found = MessageDigest.getInstance("SHA-256").digest(chain[0].getEncoded());
      } catch (GeneralSecurityException e) {
        throw new CertificateException(e);
      }
      if (!MessageDigest.isEqual(wanted, found)) {
        throw new CertificateException(
            "the server's certificate is another one: its SHA-256 is "
                + HexFormat.of().formatHex(found));
      }
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String authType, Socket socket)
        throws CertificateException {
      check(chain);
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String authType, SSLEngine engine)
        throws CertificateException {
      check(chain);
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String authType)
        throws CertificateException {
      check(chain);
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String authType, Socket socket)
        throws CertificateException {
      throw new CertificateException("not a server");
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String authType, SSLEngine engine)
        throws CertificateException {
      throw new CertificateException("not a server");
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String authType)
        throws CertificateException {
      throw new CertificateException("not a server");
    }

    @Override
    public X509Certificate[] getAcceptedIssuers() {
      return new X509Certificate[0];
    }
  }
}
