package org.opendvx.server.datanode;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;

class JoinedHostsTest {
  private static final Instant NOW = Instant.parse("2026-01-01T00:00:00Z");
  private static final String ONE = "1".repeat(64);
  private static final String TWO = "2".repeat(64);

  @TempDir private Path folder;

  @Test
  void aTokenLetsOneHostIn() throws IOException {
    JoinedHosts hosts = at(NOW);
    String token = hosts.newToken(Duration.ofHours(1));
    try (Stream<Path> files = Files.walk(folder)) {
      assertFalse(
          files.anyMatch(file -> file.toString().contains(token)), "the token is not stored");
    }
    assertEquals(Optional.empty(), hosts.hostOf(ONE));
    hosts.join(ONE, "host-a", token);
    assertEquals(Optional.of("host-a"), at(NOW).hostOf(ONE));
    assertEquals(Kind.DENIED, kindOf(() -> hosts.join(TWO, "host-b", token)));
    assertEquals(Kind.DENIED, kindOf(() -> hosts.join(TWO, "host-b", "x".repeat(1000))));
    assertEquals(Kind.DENIED, kindOf(() -> hosts.join(TWO, "host-b", "../hosts/" + ONE)));
    assertTrue(hosts.hostOf(TWO).isEmpty());
  }

  @Test
  void aTokenEnds() {
    String token = at(NOW).newToken(Duration.ofHours(1));
    JoinedHosts later = at(NOW.plus(Duration.ofMinutes(61)));
    assertEquals(Kind.DENIED, kindOf(() -> later.join(ONE, "host-a", token)));
  }

  @Test
  void joiningAgainReplacesTheEarlierCertificate() {
    JoinedHosts hosts = at(NOW);
    hosts.join(ONE, "host-a", hosts.newToken(Duration.ofHours(1)));
    hosts.join(TWO, "host-a", hosts.newToken(Duration.ofHours(1)));
    assertTrue(hosts.hostOf(ONE).isEmpty());
    assertEquals(Optional.of("host-a"), hosts.hostOf(TWO));
  }

  @Test
  void aHostThatWasRemovedIsAStranger() {
    JoinedHosts hosts = at(NOW);
    hosts.join(ONE, "host-a", hosts.newToken(Duration.ofHours(1)));
    hosts.join(TWO, "host-b", hosts.newToken(Duration.ofHours(1)));
    assertTrue(hosts.remove("host-a"));
    assertFalse(hosts.remove("host-a"));
    assertTrue(hosts.hostOf(ONE).isEmpty());
    assertEquals(Optional.of("host-b"), hosts.hostOf(TWO));
  }

  private JoinedHosts at(Instant time) {
    return new JoinedHosts(folder, Clock.fixed(time, ZoneOffset.UTC));
  }

  private static Kind kindOf(Runnable call) {
    return assertThrows(DvxException.class, call::run).kind();
  }
}
