package org.opendvx.server.security;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;

class TokenStoreTest {
  private static final Instant NOW = Instant.parse("2026-01-01T00:00:00Z");

  @TempDir private Path folder;

  @Test
  void theFirstTokenIsAnAdministratorsInAPrivateFile() throws Exception {
    TokenStore store = open(NOW);
    String token = PrivateFiles.readSecret(folder.resolve("admin.token"));
    assertEquals(Role.ADMIN, store.check(token).orElseThrow().role());
    for (String file : new String[] {"admin.token", "tokens.json"}) {
      assertEquals(
          "rw-------",
          PosixFilePermissions.toString(Files.getPosixFilePermissions(folder.resolve(file))));
    }
    assertFalse(Files.readString(folder.resolve("tokens.json")).contains(token.substring(20)));
  }

  @Test
  void tokensOutliveARestartAndExpire() {
    String secret = open(NOW).create("short", Role.OPERATOR, Duration.ofHours(1)).secret();
    assertTrue(open(NOW.plusSeconds(3599)).check(secret).isPresent());
    assertTrue(open(NOW.plusSeconds(3600)).check(secret).isEmpty());
  }

  @Test
  void aWrongSecretIdOrShapeIsRefused() {
    TokenStore store = open(NOW);
    String good = store.create("x", Role.VIEWER, null).secret();
    assertTrue(store.check(good).isPresent());
    for (String bad :
        new String[] {
          "",
          "dvx_",
          "dvx__",
          "dvx_initial_",
          good + "x",
          good.substring(0, good.length() - 1),
          good.replace("dvx_", "dvy_"),
          "dvx_nobody_" + good.substring(16),
          "x".repeat(100_000)
        }) {
      assertTrue(store.check(bad).isEmpty(), bad);
    }
  }

  @Test
  void textOfATokenShowsNoSecret() {
    TokenStore.Issued issued = open(NOW).create("x", Role.VIEWER, null);
    assertFalse(issued.toString().contains(issued.secret().substring(17)));
    assertFalse(issued.token().toString().contains(issued.token().hash()));
  }

  @Test
  void damagedAndNewerFilesAreRefusedUntouched() throws Exception {
    open(NOW);
    Path file = folder.resolve("tokens.json");
    PrivateFiles.write(file, "{\"format\":99,\"tokens\":[]}".getBytes(StandardCharsets.UTF_8));
    assertEquals(Kind.UNSUPPORTED, assertThrows(DvxException.class, () -> open(NOW)).kind());
    PrivateFiles.write(file, new byte[] {'{'});
    assertEquals(Kind.CORRUPT, assertThrows(DvxException.class, () -> open(NOW)).kind());
    assertEquals("{", Files.readString(file));
  }

  @Test
  void aSecretFileOpenToOthersIsRefused() throws Exception {
    Path file = Files.writeString(folder.resolve("pw"), "secret\n");
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r--r--"));
    DvxException refused = assertThrows(DvxException.class, () -> PrivateFiles.readSecret(file));
    assertTrue(refused.render().contains("chmod 600"), refused.render());
  }

  private TokenStore open(Instant now) {
    return TokenStore.open(
        folder.resolve("tokens.json"),
        folder.resolve("admin.token"),
        Clock.fixed(now, ZoneOffset.UTC));
  }
}
