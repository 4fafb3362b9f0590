package org.opendvx.coordinator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.opendvx.coordinator.audit.AuditLog;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;

class AuditLogTest {
  private Path file;

  @BeforeEach
  void folder(@TempDir Path folder) {
    file = folder.resolve("audit.log");
  }

  private AuditLog open() {
    return AuditLog.open(file, Clock.systemUTC());
  }

  private void write(String... kinds) {
    try (AuditLog log = open()) {
      for (String kind : kinds) {
        log.record(kind, "test", "vm", Map.of("session", "s1", "name", "n1"));
      }
    }
  }

  private List<String> kinds() {
    try (AuditLog log = open()) {
      return log.list(0, 1_000).stream().map(line -> line.path("kind").asText()).toList();
    }
  }

  @Test
  void whatACrashLeftOfALastLineIsCutOff() throws IOException {
    write("a", "b");
    Files.writeString(file, "{\"n\":3,\"half", StandardOpenOption.APPEND);
    write("c");
    assertEquals(List.of("a", "b", "c"), kinds());
  }

  @Test
  void aLineThatWasChangedRemovedOrPutInBetweenIsFound() throws IOException {
    write("a", "b", "c");
    List<String> lines = Files.readAllLines(file);
    List<String> changed = new ArrayList<>(lines);
    changed.set(1, changed.get(1).replace("\"b\"", "\"x\""));
    refused(changed);
    refused(List.of(lines.get(0), lines.get(2)));
    refused(List.of(lines.get(0), lines.get(0), lines.get(1), lines.get(2)));
    refused(List.of(lines.get(1), lines.get(2)));
    refused(List.of(lines.get(0), "noise"));
    Files.write(file, lines);
    assertEquals(List.of("a", "b", "c"), kinds());
  }

  private void refused(List<String> lines) throws IOException {
    Files.write(file, lines, StandardCharsets.UTF_8);
    DvxException told = assertThrows(DvxException.class, this::open);
    assertEquals(Kind.CORRUPT, told.kind());
    assertEquals(lines, Files.readAllLines(file), "it is not written on");
  }

  @Test
  void whatWasBegunAndNotEndedIsEndedOnce() {
    write("snapshot.begin", "freeze.begin", "freeze.end", "snapshot.end");
    ends(List.of());
    write("snapshot.begin", "freeze.begin");
    ends(List.of("snapshot.end", "freeze.end"));
    ends(List.of());
    write("snapshot.begin", "freeze.begin", "freeze.end");
    ends(List.of("snapshot.end"));
    write("snapshot.begin", "snapshot.refused", "snapshot.begin", "snapshot.discarded");
    ends(List.of());
  }

  private void ends(List<String> expected) {
    try (AuditLog log = open()) {
      long before = log.count();
      log.recordInterrupted();
      List<JsonNode> more = log.list(before, 100);
      assertEquals(expected, more.stream().map(line -> line.path("kind").asText()).toList());
      for (JsonNode line : more) {
        assertEquals("INTERRUPTED", line.path("facts").path("result").asText());
        assertEquals("vm", line.path("subject").asText());
        assertTrue(line.path("facts").path("reason").asText().contains("no end was recorded"));
      }
    }
  }
}
