package org.opendvx.server.hosts;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.opendvx.server.DvxCommand;

/** Space of what one host deletes comes back, and nothing else, over processes. */
final class HostCleaningProcessTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int PIECE = 64 << 10;
  private static final int PIECES = 128;

  @Test
  @Timeout(400)
  void spaceComesBackAndWhatIsSharedStays(@TempDir Path folder) throws Exception {
    try (HostProcesses hosts = new HostProcesses(folder)) {
      hosts.lab().startDataNode();
      hosts.lab().join("h1", "");
      hosts.lab().join("h2", "");
      hosts.lab().start(List.of("h1", "h2"));
      try (NfsClient h1 = hosts.mount("h1", BlockWriter.CALL, BlockWriter.PATIENCE);
          NfsClient h2 = hosts.mount("h2", BlockWriter.CALL, BlockWriter.PATIENCE)) {
        byte[] gone = h1.file(h1.root(), "gone");
        byte[] kept = h2.file(h2.root(), "kept");
        for (int i = 0; i < PIECES; i++) {
          h1.write(gone, (long) i * PIECE, piece(i));
          if (i % 8 == 0) {
            h2.write(kept, (long) i / 8 * PIECE, piece(i));
          }
        }
        h2.remove(h2.root(), "gone");
        String cleaner = cleaner(hosts);
        String other = cleaner.equals("h1") ? "h2" : "h1";
        JsonNode run = run(hosts, cleaner);
        assertTrue(run.get("freedBytes").asLong() > PIECES / 2 * PIECE, run::toString);
        assertEquals("ELSEWHERE", status(hosts, other).get("state").asText());
        look(h1, kept);
        look(h2, kept);
        hosts.lab().kill(List.of(cleaner));
        try (NfsClient left = hosts.mount(other, BlockWriter.CALL, BlockWriter.PATIENCE)) {
          look(left, kept);
          left.write(kept, 0, piece(1));
          left.write(kept, 0, piece(0));
          JsonNode again = run(hosts, other);
          assertTrue(again.get("rounds").asInt() > 0, again::toString);
          look(left, kept);
        }
      }
    }
  }

  private static byte[] piece(int number) {
    byte[] piece = new byte[PIECE];
    new Random(number).nextBytes(piece);
    return piece;
  }

  private static void look(NfsClient client, byte[] kept) throws Exception {
    for (int i = 0; i < PIECES; i += 8) {
      assertArrayEquals(piece(i), client.read(kept, (long) i / 8 * PIECE, PIECE), "piece " + i);
    }
  }

  private static JsonNode status(HostProcesses hosts, String host) throws Exception {
    return JSON.readTree(DvxCommand.run(hosts.lab().at(host), "clean", "status", "-o", "json"));
  }

  private static String cleaner(HostProcesses hosts) throws Exception {
    return status(hosts, "h1").get("state").asText().equals("ELSEWHERE") ? "h2" : "h1";
  }

  private static JsonNode run(HostProcesses hosts, String host) throws Exception {
    return JSON.readTree(DvxCommand.run(hosts.lab().at(host), "clean", "run", "-o", "json"));
  }
}
