package org.opendvx.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.opendvx.core.datastore.AttributeChange;
import org.opendvx.core.datastore.Caller;
import org.opendvx.core.datastore.Datastore;
import org.opendvx.core.datastore.FileKey;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.testing.SoftToken;
import org.opendvx.server.cli.Environment;
import org.opendvx.server.config.ConfigLoader;
import org.opendvx.server.config.NodeConfig;
import org.opendvx.server.node.DataFolder;
import org.opendvx.server.node.Store;
import org.opendvx.server.wiring.RealParts;

/** What is done with the pool of a node that does not run: verified, and given another key. */
@Timeout(200)
class StoppedNodeTest {
  private static final int BLOCK = 64 << 10;

  @TempDir private static Path folder;

  private static Path data;

  /** What opens the pool now, whichever test was first. */
  private static Path now;

  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  @BeforeAll
  static void aPoolWithAFile() throws Exception {
    data = folder.resolve("data");
    now = config("");
    try (DataFolder opened = DataFolder.open(data);
        Store store = store(now, opened)) {
      FileKey file =
          store
              .datastore()
              .create(
                  Caller.SYSTEM,
                  FileKey.ROOT,
                  "file".getBytes(StandardCharsets.UTF_8),
                  Datastore.NewFile.regular(AttributeChange.mode(0644)),
                  new Datastore.Existing.Refuse())
              .get(60, TimeUnit.SECONDS)
              .key();
      Random random = new Random(7);
      for (int i = 0; i < 40; i++) {
        byte[] bytes = new byte[BLOCK];
        random.nextBytes(bytes);
        var _ =
            store
                .datastore()
                .write(Caller.SYSTEM, file, (long) i * BLOCK, ByteBuffer.wrap(bytes), true)
                .get(60, TimeUnit.SECONDS);
      }
    }
  }

  private static Path config(String keys) throws IOException {
    Path file = folder.resolve("dvx-" + System.nanoTime() + ".yaml");
    return Files.writeString(file, "node:\n  data: " + data + "\n" + keys);
  }

  private static Store store(Path config, DataFolder opened) {
    return RealParts.parts().store().open(ConfigLoader.load(config), opened);
  }

  private void assertOpens(Path config) {
    NodeConfig settings = ConfigLoader.load(config);
    try (DataFolder opened = DataFolder.open(settings.node().data());
        Store store = store(config, opened)) {
      var _ = store.pool().status();
    }
  }

  private void assertRefused(Path config) {
    try (DataFolder opened = DataFolder.open(data)) {
      DvxException refused = assertThrows(DvxException.class, () -> store(config, opened).close());
      assertEquals(Kind.DENIED, refused.kind());
    }
  }

  private int dvx(String... arguments) {
    out.getBuffer().setLength(0);
    err.getBuffer().setLength(0);
    return Main.commandLine(Environment.process(), RealParts.parts())
        .setOut(new PrintWriter(out))
        .setErr(new PrintWriter(err))
        .execute(arguments);
  }

  private Path secret(String name, String text) throws IOException {
    Path file = Files.writeString(folder.resolve(name), text + "\n");
    return Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
  }

  @Test
  void isVerifiedWithoutANode() throws Exception {
    String config = now.toString();
    assertEquals(0, dvx("verify", "--offline", "--config", config), err::toString);
    assertTrue(out.toString().contains("clean"), out::toString);
    assertEquals(0, dvx("verify", "--offline", "--config", config, "-o", "json"));
    assertTrue(out.toString().contains("\"problems\" : 0"), out::toString);

    Path shard = largestShard();
    byte[] bytes = Files.readAllBytes(shard);
    bytes[5000] ^= 1;
    Files.write(shard, bytes, StandardOpenOption.TRUNCATE_EXISTING);
    assertEquals(1, dvx("verify", "--offline", "--config", config), out::toString);
    assertTrue(out.toString().contains("checksum"), out::toString);
    bytes[5000] ^= 1;
    Files.write(shard, bytes, StandardOpenOption.TRUNCATE_EXISTING);

    assertEquals(1, dvx("verify", "--offline", "--data", folder.resolve("none").toString()));
    assertTrue(err.toString().contains("no node's pool"), err::toString);
    assertFalse(Files.exists(folder.resolve("none")));
    assertEquals(2, dvx("verify", "--config", config));
    try (DataFolder _ = DataFolder.open(data)) {
      assertEquals(1, dvx("verify", "--offline", "--config", config));
    }
  }

  private Path largestShard() throws IOException {
    try (Stream<Path> files = Files.walk(data)) {
      return files
          .filter(Files::isRegularFile)
          .filter(file -> file.toString().contains("/containers/"))
          .max(Comparator.comparingLong(file -> file.toFile().length()))
          .orElseThrow();
    }
  }

  @Test
  void isLockedWithAnotherKey() throws Exception {
    Path first = now;
    Path keyFile = folder.resolve("second.key");
    assertEquals(
        0,
        dvx("key", "rotate", "--config", first.toString(), "--new-key-file", keyFile.toString()),
        err::toString);
    assertTrue(out.toString().contains("file: " + keyFile), out::toString);
    assertRefused(first);
    Path second = config("keys:\n  file: " + keyFile + "\n");
    now = second;
    assertOpens(second);

    Path passphrase = secret("passphrase", "correct horse battery staple");
    // With the wrong present key nothing changes.
    assertEquals(
        1,
        dvx(
            "key",
            "rotate",
            "--config",
            first.toString(),
            "--new-passphrase-file",
            passphrase.toString()));
    assertTrue(err.toString().contains("does not open the pool"), err::toString);
    assertEquals(
        0,
        dvx(
            "key",
            "rotate",
            "--config",
            second.toString(),
            "--new-passphrase-file",
            passphrase.toString()),
        err::toString);
    assertFalse(out.toString().contains("horse"));
    assertRefused(second);
    Path third = config("keys:\n  passphrase-file: " + passphrase + "\n");
    now = third;
    assertOpens(third);
    assertEquals(2, dvx("key", "rotate", "--config", third.toString()));
    // A configuration that says nothing of keys: not silently the usual key file.
    Path silent = config("");
    assertEquals(
        2, dvx("key", "rotate", "--config", third.toString(), "--new-config", silent.toString()));
    assertTrue(err.toString().contains("does not name a key"), err::toString);
    assertTrue(err.toString().contains("--new-key-file"), err::toString);
    assertOpens(third);
    assertEquals(
        2,
        dvx(
            "key",
            "rotate",
            "--config",
            third.toString(),
            "--new-passphrase-file",
            passphrase.toString()));
    assertEquals(0, dvx("verify", "--offline", "--config", third.toString()), out::toString);
  }

  /** The token is found by processes of their own, which are told where it is. */
  @Test
  void isUnlockedByAToken() throws Exception {
    SoftToken token = SoftToken.create(folder.resolve("token"), "1234");
    token.makeKey("dvx");
    Path pin = secret("pin", "1234");
    Path first = now;
    Path byToken =
        config(
            "keys:\n  pkcs11-library: "
                + token.library()
                + "\n  pkcs11-key: dvx\n  pkcs11-pin-file: "
                + pin
                + "\n");
    String rotated =
        token.run(
            Main.class,
            List.of(
                "key", "rotate", "--config", first.toString(), "--new-config", byToken.toString()));
    assertTrue(rotated.contains("pkcs11-pin-file"), rotated);
    assertRefused(first);
    String verified =
        token.run(Main.class, List.of("verify", "--offline", "--config", byToken.toString()));
    assertTrue(verified.contains("Unreachable"), verified);
    Path keyFile = folder.resolve("after-token.key");
    String back =
        token.run(
            Main.class,
            List.of(
                "key",
                "rotate",
                "--config",
                byToken.toString(),
                "--new-key-file",
                keyFile.toString()));
    assertTrue(back.contains("file: " + keyFile), back);
    now = config("keys:\n  file: " + keyFile + "\n");
    assertOpens(now);
  }
}
