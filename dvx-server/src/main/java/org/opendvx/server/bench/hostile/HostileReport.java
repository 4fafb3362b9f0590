package org.opendvx.server.bench.hostile;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What an attack did to the server.
 *
 * @param target host and export
 * @param seed of the messages
 * @param seconds how long it took
 * @param sent messages by kind
 * @param closedByServer connections that the server gave up
 * @param connectFailures connections that the server did not take
 * @param hugeRefused records of 2 GiB that were refused in time
 * @param hugeAccepted those that were not
 * @param hugeSlowestMillis the longest time until a refusal
 * @param probes honest calls beside the attack
 * @param probeFailures those that were not answered rightly
 * @param probeMaxMillis the longest time of one
 * @param answersAfterwards whether the server still mounts, reads, writes and lists
 * @param process the server's process, if its pid was given
 * @param problems what must not be, in words
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record HostileReport(
    String target,
    long seed,
    double seconds,
    Map<Attack, Long> sent,
    long closedByServer,
    long connectFailures,
    long hugeRefused,
    long hugeAccepted,
    double hugeSlowestMillis,
    long probes,
    long probeFailures,
    double probeMaxMillis,
    boolean answersAfterwards,
    @Nullable ProcessFigures process,
    List<String> problems) {

  /**
   * The server's process before, after a quarter of the attack, and after it.
   *
   * @param residentBefore bytes of resident memory
   * @param residentEarly the same after a quarter of the time
   * @param residentAfter the same at the end
   * @param descriptorsBefore open descriptors
   * @param descriptorsAfter the same once all connections are closed
   */
  public record ProcessFigures(
      long residentBefore,
      long residentEarly,
      long residentAfter,
      long descriptorsBefore,
      long descriptorsAfter) {}

  /** Some lines for a person, the last without a line break. */
  public String render() {
    List<String> lines = new ArrayList<>();
    long total = sent.values().stream().mapToLong(Long::longValue).sum();
    lines.add(
        String.format(
            Locale.ROOT,
            "sent        %,d messages in %.1f s (seed %d): %s",
            total,
            seconds,
            seed,
            sent));
    lines.add(
        String.format(
            Locale.ROOT,
            "connections %,d closed by the server, %,d not taken",
            closedByServer,
            connectFailures));
    lines.add(
        String.format(
            Locale.ROOT,
            "2 GiB       %,d refused (slowest %.1f ms), %,d not refused",
            hugeRefused,
            hugeSlowestMillis,
            hugeAccepted));
    lines.add(
        String.format(
            Locale.ROOT,
            "honest      %,d calls, %,d failed, slowest %.1f ms; afterwards the server %s",
            probes,
            probeFailures,
            probeMaxMillis,
            answersAfterwards ? "works" : "does not work"));
    if (process != null) {
      lines.add(
          String.format(
              Locale.ROOT,
              "process     memory %d -> %d -> %d MiB, descriptors %d -> %d",
              process.residentBefore() >> 20,
              process.residentEarly() >> 20,
              process.residentAfter() >> 20,
              process.descriptorsBefore(),
              process.descriptorsAfter()));
    }
    lines.add(problems.isEmpty() ? "result      good" : "result      BAD");
    problems.forEach(problem -> lines.add("            " + problem));
    return String.join("\n", lines);
  }
}
