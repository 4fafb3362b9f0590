package org.opendvx.server.cli;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.Socket;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.Locale;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedTrustManager;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.server.security.PrivateFiles;
import org.opendvx.server.security.TlsIdentity;

/** How the command knows that it talks to the right node. */
final class ServerTrust {
  private static final int MAX_PEM = 1 << 20;

  private ServerTrust() {}

  /** The system's trusted authorities. */
  static SSLContext system() {
    return context(null);
  }

  /** One certificate and no other, by its SHA-256; the host's name does not matter then. */
  static SSLContext pinned(String sha256) {
    String digits = sha256.replace(":", "").toLowerCase(Locale.ROOT);
    if (!digits.matches("[0-9a-f]{64}")) {
      throw DvxException.of(Kind.INVALID, "The certificate's SHA-256 cannot be read")
          .cause("It has 64 hex digits, colons allowed")
          .remedy("dvx serve prints it when it starts")
          .build();
    }
    return context(new TrustManager[] {new Pinned(digits)});
  }

  /** Authorities, or a self-signed certificate, from a PEM file; the host's name is checked. */
  static SSLContext authorities(Path file) {
    try {
      KeyStore store = KeyStore.getInstance("PKCS12");
      store.load(null, null);
      int number = 0;
      for (Certificate one :
          CertificateFactory.getInstance("X.509")
              .generateCertificates(new ByteArrayInputStream(PrivateFiles.read(file, MAX_PEM)))) {
        store.setCertificateEntry("authority-" + number++, one);
      }
      TrustManagerFactory factory =
          TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
      factory.init(store);
      return context(factory.getTrustManagers());
    } catch (GeneralSecurityException | IOException e) {
      throw DvxException.of(Kind.INVALID, "The file with trusted certificates cannot be used")
          .causedBy(e)
          .remedy("Give certificates as PEM")
          .detail("file", file)
          .build();
    }
  }

  private static SSLContext context(TrustManager @Nullable [] trust) {
    try {
      SSLContext context = SSLContext.getInstance("TLSv1.3");
      context.init(null, trust, null);
      return context;
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every JDK has TLS 1.3", e);
    }
  }

  private static final class Pinned extends X509ExtendedTrustManager {
    private final String sha256;

    Pinned(String sha256) {
      this.sha256 = sha256;
    }

    private void check(X509Certificate[] chain) throws CertificateException {
      String actual = TlsIdentity.fingerprint(chain[0]);
      if (!actual.equals(sha256)) {
        throw new CertificateException("the node shows another certificate, SHA-256 " + actual);
      }
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type)
        throws CertificateException {
      check(chain);
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type, Socket socket)
        throws CertificateException {
      check(chain);
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type, SSLEngine engine)
        throws CertificateException {
      check(chain);
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type)
        throws CertificateException {
      throw new CertificateException("no client is served here");
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, Socket socket)
        throws CertificateException {
      throw new CertificateException("no client is served here");
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, SSLEngine engine)
        throws CertificateException {
      throw new CertificateException("no client is served here");
    }

    @Override
    public X509Certificate[] getAcceptedIssuers() {
      return new X509Certificate[0];
    }
  }
}
