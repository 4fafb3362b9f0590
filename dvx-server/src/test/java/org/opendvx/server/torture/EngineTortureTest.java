package org.opendvx.server.torture;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(280)
class EngineTortureTest {
  private static final long CAPACITY = 96 << 20;

  @TempDir private Path folder;

  @Test
  void whatSurvivesAKillIsWhatWasTold() throws Exception {
    StringWriter text = new StringWriter();
    EngineTorture torture = new EngineTorture(folder, CAPACITY, 3, new PrintWriter(text));
    assertEquals("", torture.run(2), text::toString);
    assertTrue(text.toString().contains("round 1: "), text::toString);
  }

  @Test
  void aJudgeThatLooksFindsEveryKindOfDifference() throws Exception {
    try (TortureStore store = TortureStore.format(folder, CAPACITY)) {
      ClientFiles files = new ClientFiles(store.datastore());
      ClientModel model = new ClientModel(0);
      files.makeFolder(model);
      Random random = new Random(1);
      for (int i = 0; i < 60; i++) {
        Operation operation = model.next(random);
        files.perform(model, operation);
        model.apply(operation);
      }
      assertEquals("", files.difference(model));
      int slot = model.files().keySet().iterator().next();
      String shot = model.snapshots().keySet().iterator().next();
      Operation[] only = {
        new Operation.Write(slot, 5, new int[] {77}),
        new Operation.Remove(slot),
        new Operation.Drop(shot),
        new Operation.Cut(slot, "c0-more")
      };
      for (Operation operation : only) {
        ClientModel other = model.copy();
        other.apply(operation);
        assertFalse(files.difference(other).isEmpty(), operation::toString);
      }
      // A block of a snapshot that changed.
      model.shot(shot).blocks()[3] = 1_234_567;
      assertFalse(files.difference(model).isEmpty());
    }
  }

  @Test
  void theHistoryTellsBothSidesTheSame() throws Exception {
    History history = new History();
    history.add(java.util.List.of("ddrd", "", "d", "rr"));
    history.add(java.util.List.of("d", "dddd", "", "d"));
    Path file = folder.resolve("history");
    history.write(file);
    History read = History.read(file, TortureEngineCommand.CLIENTS);
    assertEquals(2, read.rounds());
    for (int client = 0; client < TortureEngineCommand.CLIENTS; client++) {
      ClientModel one = history.replay(client, 9);
      ClientModel other = read.replay(client, 9);
      assertEquals(one.files().keySet(), other.files().keySet());
      assertEquals(one.next(new Random(1)).getClass(), other.next(new Random(1)).getClass());
    }
  }
}
