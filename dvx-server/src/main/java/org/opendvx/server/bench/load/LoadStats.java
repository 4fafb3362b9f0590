package org.opendvx.server.bench.load;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.HdrHistogram.Histogram;

/** Counters of a load. {@link #reset} ends the warm-up. Not thread-safe. */
public final class LoadStats {
  private static final long LONGEST = 3_600_000_000_000L;
  private static final int DIGITS = 3;
  private static final int TOLD_MISMATCHES = 10;

  private final Map<Operation, Histogram> latency = new EnumMap<>(Operation.class);
  private final Map<Operation, Long> bytes = new EnumMap<>(Operation.class);
  private final Map<String, Long> errors = new TreeMap<>();
  private final List<String> mismatches = new ArrayList<>();
  private long failed;
  private long mismatchCount;
  private long checkedBlocks;
  private long holes;
  private long delays;
  private long resent;

  /** Starts at zero. */
  public LoadStats() {
    for (Operation operation : Operation.values()) {
      latency.put(operation, new Histogram(1, LONGEST, DIGITS));
      bytes.put(operation, 0L);
    }
  }

  /** Forgets times and amounts; errors and mismatches are kept, they count whenever they happen. */
  public void reset() {
    latency.values().forEach(Histogram::reset);
    bytes.replaceAll((_, _) -> 0L);
  }

  /** Counts a call that went well. */
  public void record(Operation operation, long nanos, long dataBytes) {
    histogram(operation).recordValue(Math.clamp(nanos, 1, LONGEST));
    bytes.merge(operation, dataBytes, Long::sum);
  }

  /** Counts a call that failed. */
  public void error(String name) {
    failed++;
    errors.merge(name, 1L, Long::sum);
  }

  /** Counts a unit that did not hold what it should. */
  public void mismatch(String text) {
    mismatchCount++;
    if (mismatches.size() < TOLD_MISMATCHES) {
      mismatches.add(text);
    }
  }

  /** Counts a block that was compared, and its holes. */
  public void checked(long blocks, long holesFound) {
    checkedBlocks += blocks;
    holes += holesFound;
  }

  /** Counts an answer that asked to try again later. */
  public void delayed() {
    delays++;
  }

  /** Counts writes that had to be repeated after the write verifier changed. */
  public void resent(int writes) {
    resent += writes;
  }

  /** Times of the calls of one kind, in nanoseconds. */
  public Histogram histogram(Operation operation) {
    return latency.computeIfAbsent(operation, _ -> new Histogram(1, LONGEST, DIGITS));
  }

  /** Bytes moved by calls of one kind. */
  public long bytes(Operation operation) {
    return bytes.getOrDefault(operation, 0L);
  }

  /** READs and WRITEs that went well. */
  public long operations() {
    return histogram(Operation.READ).getTotalCount() + histogram(Operation.WRITE).getTotalCount();
  }

  /** Bytes read and written. */
  public long dataBytes() {
    return bytes(Operation.READ) + bytes(Operation.WRITE);
  }

  /** Failed calls by name. */
  public Map<String, Long> errors() {
    return Map.copyOf(errors);
  }

  /** Failed calls. */
  public long failed() {
    return failed;
  }

  /** Units that did not hold what they should. */
  public long mismatchCount() {
    return mismatchCount;
  }

  /** The first of them, in words. */
  public List<String> mismatches() {
    return List.copyOf(mismatches);
  }

  /** Blocks compared. */
  public long checkedBlocks() {
    return checkedBlocks;
  }

  /** Units that were zero where nothing needs to have been written. */
  public long holes() {
    return holes;
  }

  /** Answers that asked to try again later. */
  public long delays() {
    return delays;
  }

  /** Writes repeated after the write verifier changed. */
  public long resent() {
    return resent;
  }
}
