package org.opendvx.server.demo.load;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.opendvx.server.bench.pattern.PatternSettings;
import org.opendvx.server.bench.rpc.Target;

/** Several dependent sequences side by side, from when it is started until it is closed. */
public final class SequenceLoad implements AutoCloseable {
  private final List<SequenceWriter> writers = new ArrayList<>();

  /**
   * Prepares the writers; {@link #start} sets them going.
   *
   * @param plans one for each sequence
   * @param disks file handles of the disks, in the order of the plans
   */
  public SequenceLoad(
      List<SequencePlan> plans, PatternSettings pattern, List<byte[]> disks, Target target) {
    for (SequencePlan plan : plans) {
      writers.add(new SequenceWriter(plan, pattern, disks, target));
    }
  }

  /** Sets the writers going. */
  public void start() {
    writers.forEach(SequenceWriter::start);
  }

  /** The number of the last write of each sequence that was sent. */
  public long[] issued() {
    return writers.stream().mapToLong(SequenceWriter::issued).toArray();
  }

  /** The number of the last write of each sequence that was acknowledged. */
  public long[] acknowledged() {
    return writers.stream().mapToLong(SequenceWriter::acknowledged).toArray();
  }

  /** All writes that were acknowledged. */
  public long writes() {
    return writers.stream().mapToLong(SequenceWriter::acknowledged).sum();
  }

  /** Throws what stopped a writer too early. */
  public void check() throws IOException {
    for (SequenceWriter writer : writers) {
      writer.check();
    }
  }

  /** The longest writes inside and outside of the windows, among those sent before an instant. */
  public WriteTimes.Longest longest(List<WriteTimes.Window> windows, long before) {
    WriteTimes.Longest all = new WriteTimes.Longest(0, 0);
    for (SequenceWriter writer : writers) {
      all = all.and(writer.times().longest(windows, before));
    }
    return all;
  }

  /** Lets the open writes end and stops all; what was counted can be asked for afterwards. */
  public void stop() {
    writers.forEach(SequenceWriter::close);
  }

  /** The same. */
  @Override
  public void close() {
    stop();
  }
}
