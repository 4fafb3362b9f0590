package org.opendvx.rhv.quiesce;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.opendvx.core.vm.VmRef;

/** An administrator's program that thaws. */
@Timeout(120)
class CommandThawTest {
  private static final VmRef VM = new VmRef("engine1", "a-b-c");

  @TempDir private Path folder;

  private CommandThaw thaw(String text, Duration limit) throws IOException {
    Path program = folder.resolve("thaw");
    Files.writeString(program, "#!/bin/sh\n" + text + "\n");
    Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwx------"));
    return new CommandThaw(program, limit);
  }

  @Test
  void itIsGivenTheMachineAndTheHostAndItsEndCounts() throws IOException {
    Path said = folder.resolve("said");
    Duration patient = Duration.ofSeconds(60);
    assertTrue(thaw("echo \"$# $1 $2\" > " + said, patient).thaw(VM, "host1; rm -r x"));
    assertEquals("2 a-b-c host1; rm -r x\n", Files.readString(said));
    assertFalse(thaw("exit 3", patient).thaw(VM, "host1"));
    assertFalse(new CommandThaw(folder.resolve("no-such-program"), patient).thaw(VM, "host1"));
  }

  @Test
  void oneThatHangsIsEndedWithItsChildren() throws Exception {
    Path child = folder.resolve("child");
    CommandThaw hanging = thaw("sleep 600 & echo $! > " + child + "; wait", Duration.ofSeconds(5));
    assertFalse(hanging.thaw(VM, "host1"));
    long pid = Long.parseLong(Files.readString(child).strip());
    long end = System.nanoTime() + Duration.ofSeconds(30).toNanos();
    while (ProcessHandle.of(pid).map(ProcessHandle::isAlive).orElse(false)
        && System.nanoTime() - end < 0) {
      Thread.sleep(50);
    }
    assertFalse(ProcessHandle.of(pid).map(ProcessHandle::isAlive).orElse(false));
  }
}
