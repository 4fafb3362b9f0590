package org.opendvx.core.peer;

import java.util.List;
import org.opendvx.core.fuzz.Checks;
import org.opendvx.core.fuzz.FuzzTarget;
import org.opendvx.core.peer.ChunkMessages.Cursor;
import org.opendvx.core.peer.ChunkMessages.HotPage;
import org.opendvx.core.peer.ChunkMessages.News;
import org.opendvx.core.peer.ChunkMessages.Summary;

/** What a peer answers about chunks. */
public final class ChunkMessagesFuzz implements FuzzTarget {
  private static final int ASKED = 4;

  /** Found by name. */
  public ChunkMessagesFuzz() {}

  @Override
  public String name() {
    return "peer-chunks";
  }

  @Override
  public List<byte[]> seeds() {
    byte[] slots = {
      ChunkMessages.MARK,
      ChunkMessages.VERSION,
      ChunkMessages.OK,
      0,
      2,
      0,
      0,
      0,
      3,
      1,
      2,
      3,
      0,
      3,
      0,
      1,
      9
    };
    return List.of(
        slots,
        ChunkMessages.hotReply(
            new HotPage(new Cursor(1, 5), List.of(1), new long[] {7, 8}, new byte[] {1, 2})),
        ChunkMessages.summaryReply(
            new Summary(
                List.of("esx-1"), true, List.of(new News(3, 64, 5, true, new long[] {1, 2})))),
        new byte[] {ChunkMessages.MARK, ChunkMessages.VERSION, ChunkMessages.OK, 1, 2, 3, 4});
  }

  @Override
  public void check(byte[] input) {
    attempt(
        () ->
            ChunkMessages.slots(
                input,
                ASKED,
                (index, bytes, offset, length) ->
                    Checks.holds(
                        index < ASKED && offset >= 0 && offset + length <= bytes.length,
                        "a slot beyond the reply")));
    attempt(() -> Checks.holds(ChunkMessages.heats(input, ASKED).length == ASKED, "heat"));
    attempt(
        () -> {
          HotPage page = ChunkMessages.hotPage(input, ASKED);
          for (int absent : page.absent()) {
            Checks.holds(absent >= 0 && absent < ASKED, "a file that was not asked for");
          }
          byte[] written = ChunkMessages.hotReply(page);
          Checks.same(
              written, ChunkMessages.hotReply(ChunkMessages.hotPage(written, ASKED)), "a page");
        });
    attempt(
        () -> {
          byte[] written = ChunkMessages.summaryReply(ChunkMessages.readSummary(input));
          Checks.same(
              written, ChunkMessages.summaryReply(ChunkMessages.readSummary(written)), "a summary");
        });
    attempt(() -> Checks.holds(ChunkMessages.words(input, ASKED).length == ASKED, "words"));
  }

  private static void attempt(Runnable reading) {
    try {
      reading.run();
    } catch (BadReplyException | PeerRefusedException e) {
      Checks.holds(e.getMessage() != null, "a reason");
    }
  }
}
