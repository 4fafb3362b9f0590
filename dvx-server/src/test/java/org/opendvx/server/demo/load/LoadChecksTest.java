package org.opendvx.server.demo.load;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongPredicate;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.opendvx.server.bench.FakeNfsServer;
import org.opendvx.server.bench.pattern.BlockPattern;
import org.opendvx.server.bench.pattern.PatternSettings;
import org.opendvx.server.bench.rpc.Credentials;
import org.opendvx.server.bench.rpc.NfsSession;
import org.opendvx.server.bench.rpc.Target;
import org.opendvx.server.demo.nfs.NfsPipeline;

/** Writers and checks against a server in memory: what is right passes, what is wrong is found. */
class LoadChecksTest {
  private static final int DISKS = 4;
  private static final int SLOTS = 2;
  private static final Credentials WHO = new Credentials("test", 0, 0);
  private static final PatternSettings PATTERN =
      new PatternSettings(7, PatternSettings.CHUNK, 1.0, 0, 1);
  private static final ScatteredChunks CHUNKS =
      new ScatteredChunks(24, 24L * 3 * ScatteredChunks.CHUNK, 5);
  private static final List<SequencePlan> PLANS =
      IntStream.range(0, 2)
          .mapToObj(i -> new SequencePlan(i, 2, DISKS, SLOTS, CHUNKS.span(), CHUNKS))
          .toList();

  private FakeNfsServer server;
  private NfsSession session;
  private NfsPipeline pipeline;
  private View view;

  @BeforeEach
  void start() throws Exception {
    server = new FakeNfsServer();
    session = NfsSession.open(target());
    pipeline =
        NfsPipeline.open(
            new InetSocketAddress(InetAddress.getLoopbackAddress(), server.port()),
            WHO,
            16,
            Duration.ofSeconds(10));
    List<byte[]> handles = new ArrayList<>();
    for (int disk = 0; disk < DISKS; disk++) {
      byte[] handle = session.create(session.root(), "disk" + disk).handle();
      session.resize(handle, CHUNKS.span() + 2L * SLOTS * SequencePlan.SLOT);
      handles.add(handle);
    }
    view = new View("test", handles);
    ChunkFill.run(pipeline, handles.getFirst(), 0, CHUNKS, PATTERN);
  }

  @AfterEach
  void stop() throws IOException {
    pipeline.close();
    session.close();
    server.close();
  }

  private Target target() {
    return new Target(
        "127.0.0.1", "/", server.port(), server.port(), WHO, Duration.ofSeconds(10), false);
  }

  /** Does the writes 1 to {@code last} of a sequence, but for those that are left out. */
  private void write(SequencePlan plan, long last, LongPredicate leftOut) throws IOException {
    BlockPattern content = new BlockPattern(PATTERN);
    for (long n = 1; n <= last; n++) {
      if (!leftOut.test(n)) {
        SequencePlan.Place place = plan.place(n);
        ByteBuffer data = ByteBuffer.allocate(place.length());
        content.fill(
            data, place.disk(), place.offset(), SequencePlan.generation(n), place.length());
        session.write(view.handles().get(place.disk()), place.offset(), data.array());
      }
    }
  }

  private Tally check(long[] done) throws IOException, InterruptedException {
    Tally tally = new Tally();
    ExpectedState state = new ExpectedState(PLANS, done);
    ViewCheck check = new ViewCheck(pipeline, view, PATTERN, tally);
    check.rings(PLANS, state);
    check.chunks(CHUNKS, state, 1);
    return tally;
  }

  @Test
  void aStateThatIsOneInstantIsFoundAndRight() throws Exception {
    write(PLANS.get(0), 57, n -> false);
    write(PLANS.get(1), 12, n -> false);
    long[] found = new CutFinder(pipeline, view).find(PLANS);
    assertArrayEquals(new long[] {57, 12}, found);
    Tally tally = check(found);
    assertEquals(List.of(), tally.problems());
    long rings = 2L * DISKS * SLOTS * SequencePlan.SLOT;
    assertEquals(rings + (long) CHUNKS.count() * ScatteredChunks.CHUNK, tally.bytes());
  }

  @Test
  void anEmptyRingIsFoundAndRight() throws Exception {
    long[] found = new CutFinder(pipeline, view).find(PLANS);
    assertArrayEquals(new long[] {0, 0}, found);
    assertEquals(List.of(), check(found).problems());
  }

  @Test
  void aLaterWriteWithoutAnEarlierOneIsFound() throws Exception {
    // Write 58 went to another disk than 59, and to the scattered chunks goes 60.
    for (long missing : new long[] {58, 60}) {
      write(PLANS.get(0), 61, n -> n == missing);
      long[] found = new CutFinder(pipeline, view).find(PLANS);
      assertEquals(61, found[0]);
      assertTrue(check(found).mismatches() > 0, "write " + missing + " is missing");
    }
  }

  @Test
  void aFlippedBitIsFound() throws Exception {
    write(PLANS.get(0), 40, n -> false);
    SequencePlan.Place spoilt = PLANS.get(0).place(39);
    server.spoil(spoilt.disk(), (int) spoilt.offset() + 100);
    assertEquals(1, check(new long[] {40, 0}).mismatches());
  }

  @Test
  void aLostFillIsFound() throws Exception {
    session.write(view.handles().getFirst(), CHUNKS.offset(3), new byte[ScatteredChunks.CHUNK]);
    assertEquals(1, check(new long[] {0, 0}).mismatches());
  }

  @Test
  void theWritersLeaveBehindWhatTheySay() throws Exception {
    SequenceLoad load = new SequenceLoad(PLANS, PATTERN, view.handles(), target());
    try (load) {
      load.start();
      server.delay(5);
      while (load.writes() < 300) {
        load.check();
        Thread.sleep(2);
      }
    }
    load.check();
    assertArrayEquals(load.issued(), load.acknowledged());
    assertArrayEquals(load.acknowledged(), new CutFinder(pipeline, view).find(PLANS));
    assertEquals(List.of(), check(load.acknowledged()).problems());
  }

  @Test
  void aWriterThatIsRefusedSaysSo() throws Exception {
    try (SequenceLoad load = new SequenceLoad(PLANS, PATTERN, view.handles(), target())) {
      server.failWrites(1);
      load.start();
      IOException refused =
          assertThrows(
              IOException.class,
              () -> {
                for (int i = 0; i < 5000; i++) {
                  load.check();
                  Thread.sleep(2);
                }
              });
      assertTrue(String.valueOf(refused.getMessage()).startsWith("write 1 of sequence"));
    }
  }

  @Test
  void aPipelineWhoseServerWasStartedAnewFails() throws Exception {
    server.crash();
    server.up();
    assertThrows(
        IOException.class,
        () -> ChunkFill.run(pipeline, view.handles().getFirst(), 0, CHUNKS, PATTERN));
  }
}
