package org.opendvx.server.bench.hostile;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.opendvx.server.bench.rpc.Credentials;
import org.opendvx.server.bench.rpc.RecordAssembler;
import org.opendvx.server.bench.rpc.RpcException;

class MutatorTest {
  private static final Credentials WHO = new Credentials("x", 0, 0);

  private static List<byte[]> samples() {
    return new SampleCalls(WHO, new byte[32], new byte[32], "/e").nfs();
  }

  @Test
  void theSameSeedGivesTheSameMessages() {
    Mutator one = new Mutator(5, samples());
    Mutator two = new Mutator(5, samples());
    for (int i = 0; i < 2000; i++) {
      Attack attack = one.choose();
      assertEquals(attack, two.choose());
      assertArrayEquals(one.message(attack), two.message(attack));
    }
  }

  @Test
  void everyKindOfHarmIsChosen() {
    Mutator mutator = new Mutator(6, samples());
    Map<Attack, Integer> seen = new EnumMap<>(Attack.class);
    for (int i = 0; i < 10_000; i++) {
      seen.merge(mutator.choose(), 1, Integer::sum);
    }
    assertEquals(Attack.values().length, seen.size(), seen.toString());
    assertTrue(seen.getOrDefault(Attack.HUGE, 0) > 20, seen.toString());
  }

  @Test
  void samplesAreWholeRecords() throws RpcException {
    assertEquals(22, samples().size());
    for (byte[] sample : samples()) {
      ByteBuffer stream = ByteBuffer.wrap(sample);
      ByteBuffer record = new RecordAssembler(1 << 16).next(stream);
      assertTrue(record != null && record.remaining() == sample.length - 4);
      assertEquals(0, sample.length % 4);
    }
  }

  @Test
  void fragmentsAddUpToTheSample() throws RpcException {
    Mutator mutator = new Mutator(7, samples().subList(6, 7));
    byte[] whole = samples().get(6);
    ByteBuffer record =
        Objects.requireNonNull(
            new RecordAssembler(1 << 16).next(ByteBuffer.wrap(mutator.message(Attack.FRAGMENTS))));
    assertEquals(
        ByteBuffer.wrap(whole, 8, whole.length - 8), record.slice(4, record.remaining() - 4));
  }

  @Test
  void anOversizedRecordAnnouncesTwoGibibytes() {
    Mutator mutator = new Mutator(8, samples());
    int mark = ByteBuffer.wrap(mutator.message(Attack.HUGE)).getInt();
    assertEquals(Integer.MAX_VALUE, mark & Integer.MAX_VALUE);
  }
}
