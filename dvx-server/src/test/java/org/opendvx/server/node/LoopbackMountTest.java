package org.opendvx.server.node;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.opendvx.server.testing.ServerProcess;

/** What the kernel says of a node that was told to lock itself in memory. */
@Timeout(180)
class LoopbackMountTest {
  /** PF_MEMALLOC_NOIO and PF_LOCAL_THROTTLE of Linux' sched.h. */
  private static final long MARKED = 0x80000 | 0x100000;

  @TempDir Path folder;

  /** Locks itself and tells how many KiB the kernel then calls locked: run as a process. */
  static final class Locked {
    private Locked() {}

    public static void main(String[] args) throws IOException {
      LoopbackMount.lock();
      System.out.println(lockedKib(Path.of("/proc/self")));
    }
  }

  @Test
  void memoryIsLocked() throws Exception {
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                Locked.class.getName())
            .redirectErrorStream(true)
            .start();
    try (var said = process.inputReader()) {
      String locked = said.readAllAsString().strip();
      assertTrue(Long.parseLong(locked) > 10 << 10, locked);
    } finally {
      process.destroyForcibly();
    }
  }

  @Test
  void theNodesOwnThreadsAreMarkedOrItDoesNotStart() throws Exception {
    Path config = folder.resolve("dvx.yaml");
    Files.writeString(config, "memory:\n  lock: true\n");
    if (!mayMark()) {
      AssertionError refused =
          assertThrows(
              AssertionError.class,
              () -> ServerProcess.start(folder, "--config", config.toString()).close());
      assertTrue(
          String.valueOf(refused.getMessage()).contains("CAP_SYS_RESOURCE"), refused.toString());
      return;
    }
    try (ServerProcess node = ServerProcess.start(folder, "--config", config.toString())) {
      Path process = Path.of("/proc", Long.toString(node.pid()));
      assertTrue(lockedKib(process) > 50 << 10);
      Map<String, Long> unmarked = new TreeMap<>();
      int marked = 0;
      for (Path thread : threads(process)) {
        String stat = Files.readString(thread.resolve("stat"));
        int name = stat.lastIndexOf(')');
        long flags = Long.parseLong(stat.substring(name + 2).split(" ", -1)[6]);
        if ((flags & MARKED) == MARKED) {
          marked++;
        } else {
          unmarked.put(stat.substring(stat.indexOf('(') + 1, name), flags);
        }
      }
      assertTrue(marked > 10, marked + " threads are marked");
      List<String> ours =
          unmarked.keySet().stream()
              .filter(
                  each ->
                      each.startsWith("nfs") || each.startsWith("dvx") || each.startsWith("log-"))
              .toList();
      assertEquals(List.of(), ours, unmarked.toString());
    }
  }

  /** Whether this process, and so its children, has CAP_SYS_RESOURCE. */
  private static boolean mayMark() throws IOException {
    return Files.readAllLines(Path.of("/proc/self/status")).stream()
        .filter(line -> line.startsWith("CapEff:"))
        .anyMatch(line -> (Long.parseUnsignedLong(line.substring(7).strip(), 16) >> 24 & 1) == 1);
  }

  private static long lockedKib(Path process) throws IOException {
    return Files.readAllLines(process.resolve("status")).stream()
        .filter(line -> line.startsWith("VmLck:"))
        .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")))
        .sum();
  }

  private static List<Path> threads(Path process) throws IOException {
    List<Path> found = new ArrayList<>();
    try (Stream<Path> threads = Files.list(process.resolve("task"))) {
      threads.filter(Files::exists).forEach(found::add);
    }
    return found;
  }
}
