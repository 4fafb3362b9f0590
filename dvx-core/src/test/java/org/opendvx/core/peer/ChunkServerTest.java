package org.opendvx.core.peer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** Who is told about chunks. */
final class ChunkServerTest {
  @Test
  void onlyHostsThatHoldTheirLeaseAreAnswered() throws Exception {
    Map<String, String> living = new ConcurrentHashMap<>(Map.of("a", "endpoint"));
    ChunkServer server =
        new ChunkServer(() -> living, List.of("esx"), null, List::of, PeerHost.PATIENT);
    byte[] request = ChunkMessages.summary(List.of());
    byte[] answer = server.call("a", request).get(20, TimeUnit.SECONDS);
    assertEquals(ChunkMessages.OK, answer[2]);
    assertEquals(0, server.refusals.sum());
    byte[] stranger = server.call("b", request).get(20, TimeUnit.SECONDS);
    assertEquals(ChunkMessages.refused().length, stranger.length);
    assertEquals(1, server.refusals.sum());
    living.remove("a");
    byte[] removed = server.call("a", request).get(20, TimeUnit.SECONDS);
    assertThrows(
        PeerRefusedException.class, () -> ChunkMessages.slots(removed, 1, (_, _, _, _) -> {}));
  }
}
