package org.opendvx.server.bench.report;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The figures of one load, as printed and as kept in JSON. Times of calls are in microseconds; MB
 * are 10^6 bytes.
 *
 * @param serverName the name given to the server, to compare by
 * @param label the name given to the load, to compare by
 * @param target host and export
 * @param load what was run
 * @param seconds measured time, until the last answer and COMMIT
 * @param settleSeconds the part of it after the load's time
 * @param iops READs and WRITEs a second
 * @param mbPerSecond data a second
 * @param reads figures of the READs
 * @param writes figures of the WRITEs
 * @param commits figures of the COMMITs
 * @param server processor time of the server, if its pid was given
 * @param client processor time of this process
 * @param rest processor time of the machine beside this process: the server, the kernel's threads
 *     that write back and compress for it, and whatever else runs; for servers on this machine
 * @param errors failed calls by name
 * @param failed failed calls
 * @param checks what was compared
 * @param outages how often and how long the server was away
 * @param readyMillis time until the server answered at first
 * @param ended "complete", "disconnected" or "too many errors"
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record LoadReport(
    String serverName,
    String label,
    String target,
    Load load,
    double seconds,
    double settleSeconds,
    double iops,
    double mbPerSecond,
    Calls reads,
    Calls writes,
    Calls commits,
    @Nullable Cpu server,
    @Nullable Cpu client,
    @Nullable Cpu rest,
    Map<String, Long> errors,
    long failed,
    Checks checks,
    Away outages,
    long readyMillis,
    String ended) {

  /**
   * What was run.
   *
   * @param mode order and direction
   * @param blockSize bytes of a READ or WRITE
   * @param queueDepth calls open on each connection
   * @param connections TCP connections
   * @param readPercent share of reads of a mixed load
   * @param stable stability of the writes
   * @param files how many
   * @param fileBytes size of each
   * @param compressibility plain size over LZ4 size of the written chunks
   * @param duplicatePercent share of written chunks that repeat others
   * @param seed of everything random
   */
  public record Load(
      String mode,
      int blockSize,
      int queueDepth,
      int connections,
      int readPercent,
      String stable,
      int files,
      long fileBytes,
      double compressibility,
      int duplicatePercent,
      long seed) {}

  /** Figures of the calls of one kind. */
  public record Calls(
      long count,
      long bytes,
      double meanMicros,
      double p50Micros,
      double p99Micros,
      double p999Micros,
      double maxMicros) {}

  /**
   * Processor time.
   *
   * @param seconds user and system
   * @param microsPerOperation for each READ or WRITE
   * @param cores seconds of it a second
   * @param mbPerCoreSecond data for each second of it
   */
  public record Cpu(
      double seconds, double microsPerOperation, double cores, double mbPerCoreSecond) {}

  /**
   * What was compared.
   *
   * @param blocks blocks whose content was checked
   * @param mismatches units that were not what they should be
   * @param first the first of them in words
   * @param holes units that were zero where nothing needs to have been written
   * @param durableBlocks blocks that must be there, whatever happened
   * @param resentWrites writes repeated because the write verifier changed
   * @param delayedCalls answers NFS3ERR_JUKEBOX
   */
  public record Checks(
      long blocks,
      long mismatches,
      List<String> first,
      long holes,
      long durableBlocks,
      long resentWrites,
      long delayedCalls) {}

  /** How often and how long the server was away. */
  public record Away(int count, double longestMillis) {}

  /** Whether nothing failed and nothing was wrong. */
  @JsonProperty(access = JsonProperty.Access.READ_ONLY)
  public boolean isGood() {
    return failed == 0 && checks.mismatches() == 0 && !ended.equals("too many errors");
  }
}
