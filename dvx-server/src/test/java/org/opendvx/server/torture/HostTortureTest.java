package org.opendvx.server.torture;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

final class HostTortureTest {
  @Test
  @Timeout(600)
  void noBlockIsLostStaleOrTornWhateverHappensToHosts(@TempDir Path folder) throws Exception {
    StringWriter text = new StringWriter();
    List<Disturbance> any = List.of(Disturbance.values());
    HostTorture torture = new HostTorture(folder, 3, 5, any, new PrintWriter(text));
    assertEquals("", torture.run(2, 10), text::toString);
    assertTrue(text.toString().contains("round 1: "), text::toString);
  }

  @Test
  void aBlockThatIsLostStaleTornOrFromTheFutureIsFound() {
    BlockModel model = new BlockModel("block", 9);
    assertEquals("", model.judge(new byte[0], model.least()));
    long one = model.begin();
    model.acknowledged(one);
    long least = model.least();
    assertFalse(model.judge(new byte[BlockModel.SIZE], least).isEmpty(), "lost");
    assertEquals("", model.judge(model.content(one), least));
    assertFalse(model.judge(model.content(one + 1), least).isEmpty(), "never written");
    long two = model.begin();
    assertEquals("", model.judge(model.content(one), model.least()), "under way");
    assertEquals("", model.judge(model.content(two), model.least()), "carried out");
    assertFalse(model.judge(model.content(one), model.least()).isEmpty(), "stale after a read");
    byte[] torn = model.content(two);
    torn[BlockModel.SIZE - 1] ^= 1;
    assertFalse(model.judge(torn, model.least()).isEmpty(), "torn");
    assertFalse(
        new BlockModel("other", 10).judge(model.content(0), 1).isEmpty(), "another block's");
  }
}
