package org.opendvx.core.peer;

import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.opendvx.core.fuzz.Checks;
import org.opendvx.core.fuzz.FuzzTarget;
import org.opendvx.core.peer.ChunkMessages.Cursor;
import org.opendvx.core.peer.ChunkMessages.Known;

/** What a peer asks about chunks: always answered. */
public final class ChunkServerFuzz implements FuzzTarget {
  private final ChunkServer server =
      new ChunkServer(
          () -> Map.of("peer", "peer:1"), List.of("esx-1"), null, List::of, PeerSettings.DEFAULT);

  /** Found by name. */
  public ChunkServerFuzz() {}

  @Override
  public String name() {
    return "peer-chunk-server";
  }

  @Override
  public List<byte[]> seeds() {
    return List.of(
        ChunkMessages.fetch(true, new long[] {65_536, 65_537}),
        ChunkMessages.heat(new long[] {65_536}),
        ChunkMessages.hot(List.of(16L, 17L), Cursor.START),
        ChunkMessages.summary(List.of(new Known(1, 2))),
        ChunkMessages.part(1, 0));
  }

  @Override
  public void check(byte[] input) throws Exception {
    if (!ChunkMessages.isOurs(input)) {
      return;
    }
    byte[] reply = server.call("peer", input).get(20, TimeUnit.SECONDS);
    Checks.holds(ChunkMessages.isOurs(reply), "no answer");
  }
}
