package org.opendvx.core.vm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class SnapshotNamesTest {
  private static final Instant NOON = Instant.parse("2026-03-01T12:00:00Z");

  private final AtomicReference<Instant> now = new AtomicReference<>(NOON);
  private final InstantSource source = now::get;
  private final Clock clock = source.withZone(ZoneOffset.UTC);
  private final SnapshotNames names = new SnapshotNames(clock);

  private static VmDescription vm(String name) {
    return new VmDescription(
        new VmRef("fake", "vm-1"),
        name,
        PowerState.OFF,
        "host1",
        "bios",
        "instance",
        List.of(),
        List.of(),
        List.of(),
        "",
        Map.of(),
        false);
  }

  @Test
  void machinesOfOneNameThatAreCutInOneMillisecondGetNamesOfTheirOwn() {
    Set<String> given =
        IntStream.range(0, 500)
            .parallel()
            .mapToObj(_ -> names.next(vm("web"), ""))
            .collect(Collectors.toSet());
    assertEquals(500, given.size());
    assertTrue(given.contains("web-20260301-120000.000"), given.toString());
  }

  @Test
  void namesFollowAClockThatIsSetBack() {
    names.next(vm("web"), "");
    now.set(NOON.minus(Duration.ofDays(3650)));
    assertEquals("web-before-20160303-120000.000", names.next(vm("web"), "before"));
  }

  @Test
  void whatASnapshotsNameCannotHoldIsReplaced() {
    assertEquals("a_b_c-20260301-120000.000", names.next(vm("a/b\u0001c"), ""));
    assertEquals("-20260301-120001.000".length() + 120, later().length());
  }

  private String later() {
    now.set(NOON.plusSeconds(1));
    return names.next(vm("x".repeat(300)), "");
  }
}
