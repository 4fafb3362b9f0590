package org.opendvx.core.cluster;

import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** Keys and certificates of hosts, made by the JDK's keytool. */
public final class TestIdentities {
  private static final String PASSWORD = "changeit";

  /** One host's. */
  record Identity(PrivateKey key, X509Certificate certificate) {}

  private final Map<String, Identity> identities = new LinkedHashMap<>();

  /** Makes them in a folder. */
  public TestIdentities(Path folder, List<String> names) throws Exception {
    Path keytool = Path.of(System.getProperty("java.home"), "bin", "keytool");
    Map<String, Process> running = new LinkedHashMap<>();
    for (String name : names) {
      running.put(
          name,
          new ProcessBuilder(
                  keytool.toString(),
                  "-genkeypair",
                  "-alias",
                  "host",
                  "-keyalg",
                  "EC",
                  "-dname",
                  "CN=" + name,
                  "-validity",
                  "2",
                  "-storetype",
                  "PKCS12",
                  "-storepass",
                  PASSWORD,
                  "-keystore",
                  store(folder, name).toString())
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .start());
    }
    try {
      for (Map.Entry<String, Process> each : running.entrySet()) {
        if (!each.getValue().waitFor(60, TimeUnit.SECONDS) || each.getValue().exitValue() != 0) {
          throw new IllegalStateException("keytool failed for " + each.getKey());
        }
        identities.put(each.getKey(), load(store(folder, each.getKey())));
      }
    } finally {
      running.values().forEach(Process::destroyForcibly);
    }
  }

  private static Path store(Path folder, String name) {
    return folder.resolve(name + ".p12");
  }

  private static Identity load(Path file) throws Exception {
    KeyStore store = KeyStore.getInstance("PKCS12");
    try (InputStream in = Files.newInputStream(file)) {
      store.load(in, PASSWORD.toCharArray());
    }
    PrivateKey key = (PrivateKey) store.getKey("host", PASSWORD.toCharArray());
    return new Identity(key, (X509Certificate) store.getCertificate("host"));
  }

  /** TLS as a host that believes some others. */
  public PeerTls of(String name, List<String> believed) {
    List<X509Certificate> trusted = new ArrayList<>();
    believed.forEach(other -> trusted.add(identity(other).certificate()));
    Identity mine = identity(name);
    return PeerTls.of(mine.key(), List.of(mine.certificate()), trusted);
  }

  private Identity identity(String name) {
    return java.util.Objects.requireNonNull(identities.get(name), name);
  }
}
