package org.opendvx.core.testing;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A token of SoftHSM (Debian's softhsm2) in a folder, for processes that are told of it. */
public final class SoftToken {
  private static final List<Path> LIBRARIES =
      List.of(
          Path.of("/usr/lib/softhsm/libsofthsm2.so"),
          Path.of("/usr/lib64/softhsm/libsofthsm2.so"),
          Path.of("/usr/lib64/pkcs11/libsofthsm2.so"));

  private final Path folder;
  private final String pin;

  private SoftToken(Path folder, String pin) {
    this.folder = folder;
    this.pin = pin;
  }

  /** Makes an empty token. */
  public static SoftToken create(Path folder, String pin) throws Exception {
    Files.createDirectories(folder.resolve("tokens"));
    Files.writeString(
        folder.resolve("softhsm2.conf"),
        "directories.tokendir = " + folder.resolve("tokens") + "\nobjectstore.backend = file\n");
    SoftToken token = new SoftToken(folder, pin);
    String _ =
        token.run(
            List.of(
                "softhsm2-util",
                "--init-token",
                "--free",
                "--label",
                "test",
                "--pin",
                pin,
                "--so-pin",
                "0000"));
    return token;
  }

  /** Its PKCS#11 library. */
  public Path library() {
    return LIBRARIES.stream()
        .filter(Files::exists)
        .findFirst()
        .orElseThrow(() -> new AssertionError("the package softhsm2 is not installed"));
  }

  /** The file that its library is told of by SOFTHSM2_CONF. */
  public Path configuration() {
    return folder.resolve("softhsm2.conf");
  }

  /** Makes an AES key of 256 bits that cannot be taken out. */
  public void makeKey(String label) throws Exception {
    Path configuration =
        Files.writeString(
            folder.resolve("java.cfg"),
            "name = test\nlibrary = " + library() + "\nslotListIndex = 0\n");
    String _ =
        run(
            List.of(
                java("keytool"),
                "-genseckey",
                "-keyalg",
                "AES",
                "-keysize",
                "256",
                "-alias",
                label,
                "-keystore",
                "NONE",
                "-storetype",
                "PKCS11",
                "-storepass",
                pin,
                "-providerClass",
                "sun.security.pkcs11.SunPKCS11",
                "-providerArg",
                configuration.toString()));
  }

  /** Runs a class of the tests where the token is; the last line that it prints. */
  public String run(Class<?> main, List<String> arguments) throws Exception {
    List<String> command = new ArrayList<>();
    command.add(java("java"));
    command.add("-cp");
    command.add(System.getProperty("java.class.path"));
    command.add(main.getName());
    command.addAll(arguments);
    return run(command).lines().reduce((_, last) -> last).orElse("");
  }

  private static String java(String program) {
    return Path.of(System.getProperty("java.home"), "bin", program).toString();
  }

  private String run(List<String> command) throws IOException, InterruptedException {
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().put("SOFTHSM2_CONF", configuration().toString());
    Path output = Files.createTempFile(folder, "out", ".txt");
    Process process = builder.redirectOutput(output.toFile()).start();
    try {
      if (!process.waitFor(60, TimeUnit.SECONDS) || process.exitValue() != 0) {
        throw new AssertionError(
            command.getFirst() + " failed: " + Files.readString(output, StandardCharsets.UTF_8));
      }
    } finally {
      process.destroyForcibly();
    }
    return Files.readString(output, StandardCharsets.UTF_8);
  }
}
