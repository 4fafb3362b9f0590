package org.opendvx.server.bench.report;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;

/** Processor time, memory and descriptors of processes, from {@code /proc} (see proc(5)). */
public final class ProcessCpu {
  private static final Path PROC = Path.of("/proc");

  /** USER_HZ, which is 100 on every architecture that the JDK runs on. */
  private static final long TICK_NANOS = 10_000_000L;

  private static final int USER_TIME = 11;
  private static final int SYSTEM_TIME = 12;

  private ProcessCpu() {}

  /** User and system time of all threads of the processes, in nanoseconds. */
  public static long nanos(List<Long> pids) {
    long sum = 0;
    for (long pid : pids) {
      sum += ticks(read(pid, "stat")) * TICK_NANOS;
    }
    return sum;
  }

  /**
   * Time in which the processors of the machine were not idle, in nanoseconds; 0 where that is not
   * told. It holds what the kernel does for a server in threads of its own: write-back,
   * compression.
   */
  public static long machineNanos() {
    Path file = PROC.resolve("stat");
    if (!Files.isReadable(file)) {
      return 0;
    }
    try (Stream<String> lines = Files.lines(file)) {
      return lines.findFirst().map(ProcessCpu::busyTicks).orElse(0L) * TICK_NANOS;
    } catch (IOException e) {
      throw DvxException.of(Kind.UNAVAILABLE, "The machine's processor time cannot be read")
          .causedBy(e)
          .build();
    }
  }

  /** User, nice, system, irq and softirq of the first line of {@code /proc/stat}. */
  static long busyTicks(String line) {
    String[] fields = line.trim().split(" +", -1);
    return Long.parseLong(fields[1])
        + Long.parseLong(fields[2])
        + Long.parseLong(fields[3])
        + Long.parseLong(fields[6])
        + Long.parseLong(fields[7]);
  }

  /** The processor ticks in a line of {@code /proc/PID/stat}. */
  static long ticks(String stat) {
    String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
    return Long.parseLong(fields[USER_TIME]) + Long.parseLong(fields[SYSTEM_TIME]);
  }

  /** Resident memory of the processes, in bytes. */
  public static long residentBytes(List<Long> pids) {
    long sum = 0;
    for (long pid : pids) {
      sum +=
          read(pid, "status")
              .lines()
              .filter(line -> line.startsWith("VmRSS:"))
              .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) * 1024)
              .sum();
    }
    return sum;
  }

  /** Open descriptors of the processes. */
  public static long descriptors(List<Long> pids) {
    long sum = 0;
    for (long pid : pids) {
      try (var entries = Files.list(PROC.resolve(pid + "/fd"))) {
        sum += entries.count();
      } catch (IOException e) {
        throw gone(pid, e);
      }
    }
    return sum;
  }

  private static String read(long pid, String file) {
    try {
      return Files.readString(PROC.resolve(pid + "/" + file));
    } catch (IOException e) {
      throw gone(pid, e);
    }
  }

  private static DvxException gone(long pid, IOException e) {
    return DvxException.of(Kind.NOT_FOUND, "The server's process cannot be looked at")
        .causedBy(e)
        .remedy("Give the pid of a process that runs on this machine to --server-pid")
        .detail("pid", pid)
        .build();
  }
}
