package org.opendvx.core.pool.remote;

import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.opendvx.core.pool.wire.NodeTls;

/** Certificates for tests, made by the JDK's keytool once for each name. */
public final class TestIdentity {
  private static final String PASSWORD = "for-tests";
  private static final Map<String, NodeTls.Identity> MADE = new ConcurrentHashMap<>();

  private TestIdentity() {}

  /** The identity of a name; the same throughout this process. */
  public static NodeTls.Identity of(String name) {
    return MADE.computeIfAbsent(
        name,
        _ -> {
          try {
            Path folder = Files.createTempDirectory("dvx-identity");
            Path file = folder.resolve("key.p12");
            try {
              make(file, name);
              return read(file);
            } finally {
              Files.deleteIfExists(file);
              Files.delete(folder);
            }
          } catch (Exception e) {
            throw new IllegalStateException("no certificate for tests", e);
          }
        });
  }

  /** Makes a key store file for another process. */
  public static void make(Path file, String name) throws Exception {
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "keytool").toString(),
                "-genkeypair",
                "-alias",
                "node",
                "-keyalg",
                "EC",
                "-groupname",
                "secp256r1",
                "-dname",
                "CN=" + name,
                "-validity",
                "30",
                "-storetype",
                "PKCS12",
                "-keystore",
                file.toString(),
                "-storepass",
                PASSWORD)
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start();
    try {
      if (!process.waitFor(60, TimeUnit.SECONDS) || process.exitValue() != 0) {
        throw new IllegalStateException("keytool failed");
      }
    } finally {
      process.destroyForcibly();
    }
  }

  /** Reads a file that {@link #make} made. */
  public static NodeTls.Identity read(Path file) throws Exception {
    KeyStore store = KeyStore.getInstance("PKCS12");
    try (InputStream in = Files.newInputStream(file)) {
      store.load(in, PASSWORD.toCharArray());
    }
    return new NodeTls.Identity(
        List.of((X509Certificate) store.getCertificate("node")),
        (PrivateKey) store.getKey("node", PASSWORD.toCharArray()));
  }
}
