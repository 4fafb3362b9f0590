package org.opendvx.server.hosts;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.opendvx.core.error.DvxException;
import org.opendvx.server.DvxCommand;

/** A host that is shut out, as processes. */
final class HostRemoveProcessTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  @Test
  @Timeout(300)
  void aHostThatIsRemovedIsOutAndItsFilesAreServedByAnother(@TempDir Path folder) throws Exception {
    byte[] content = new byte[Blocks.SIZE];
    new Random(5).nextBytes(content);
    try (HostProcesses hosts = new HostProcesses(folder)) {
      hosts.lab().startDataNode();
      hosts.lab().join("h1", "");
      hosts.lab().join("h2", "");
      hosts.lab().start(List.of("h1", "h2"));
      byte[] file;
      try (NfsClient h2 = hosts.mount("h2", BlockWriter.CALL, BlockWriter.PATIENCE)) {
        file = h2.file(h2.root(), "disk");
        h2.write(file, 0, content);
      }
      String moved =
          DvxCommand.run(hosts.lab().at("h1"), "vm", "move-simulate", "/disk", "--to", "h2");
      assertTrue(moved.contains("h2"), moved);
      String _ = DvxCommand.run(hosts.lab().at("h1"), "host", "remove", "h2");
      try (NfsClient h1 = hosts.mount("h1", BlockWriter.CALL, BlockWriter.PATIENCE)) {
        assertEquals(ByteBuffer.wrap(content), ByteBuffer.wrap(h1.read(file, 0, content.length)));
        h1.write(file, 0, new byte[Blocks.SIZE]);
      }
      assertThrows(
          IOException.class,
          () -> {
            try (NfsClient h2 = hosts.mount("h2", Duration.ofSeconds(3), Duration.ofSeconds(3))) {
              h2.write(file, 0, content);
            }
          });
      hosts.lab().kill(List.of("h2"));
      DvxException _ = assertThrows(DvxException.class, () -> hosts.lab().start(List.of("h2")));
      String said = hosts.lab().logs();
      assertTrue(said.contains("does not know this host"), said);
      JsonNode list =
          JSON.readTree(DvxCommand.run(hosts.lab().at("h1"), "host", "list", "-o", "json"));
      for (JsonNode host : list.get("items")) {
        assertEquals(
            host.get("name").asText().equals("h1") ? "HELD" : "DEAD",
            host.get("state").asText(),
            list::toString);
      }
    }
  }
}
