package org.opendvx.rhv.quiesce;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.opendvx.core.vm.VmRef;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Thaws by an administrator's program, which is given the machine's id and the host's name, and
 * ends with 0 only when the guest is thawed: for instance {@code ssh HOST vdsm-client VM thaw
 * vmID=ID}.
 *
 * @param program an executable file
 * @param limit after which it is ended
 */
public record CommandThaw(Path program, Duration limit) implements OtherThaw {
  private static final Logger LOG = LoggerFactory.getLogger(CommandThaw.class);

  @Override
  public boolean thaw(VmRef vm, String host) {
    Process process;
    try {
      process =
          new ProcessBuilder(List.of(program.toString(), vm.id(), host))
              .redirectInput(ProcessBuilder.Redirect.from(new java.io.File("/dev/null")))
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .start();
    } catch (IOException e) {
      LOG.warn("the program that thaws guests cannot be started: {}", e.getMessage());
      return false;
    }
    try {
      if (process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS)) {
        return process.exitValue() == 0;
      }
      LOG.warn("the program that thaws guests did not end within {} s", limit.toSeconds());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      process.descendants().forEach(ProcessHandle::destroyForcibly);
      process.destroyForcibly();
    }
    return false;
  }
}
