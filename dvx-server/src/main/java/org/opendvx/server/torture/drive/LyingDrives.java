package org.opendvx.server.torture.drive;

import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.opendvx.core.pool.local.DriveFolder;

/**
 * The drives of one process, each with what it does wrong. What the process has not forced is in
 * its memory alone where a drive forgets: so it is lost when the process dies, as when the power
 * goes. Thread-safe.
 */
public final class LyingDrives implements DriveFolder.Factory {
  /** The exit code of a process that loses its power. */
  public static final int POWER_CODE = 75;

  private final Map<Path, LyingDrive> drives = new HashMap<>();

  /**
   * The drives of this process.
   *
   * @param roots their folders
   * @param plans what each does, in the same order
   * @param nowhere an own folder on the same file system, for files whose names are not durable
   */
  public LyingDrives(List<Path> roots, List<DrivePlan> plans, Path nowhere) throws IOException {
    for (int i = 0; i < roots.size(); i++) {
      Path root = roots.get(i);
      drives.put(root, new LyingDrive(root, nowhere.resolve("drive" + i), plans.get(i)));
    }
  }

  /** How much went wrong, by what a process said on its standard error. */
  public static long struck(List<String> lines) {
    return lines.stream().filter(line -> line.contains(Trouble.SAYS)).count();
  }

  @Override
  public DriveFolder at(Path root) {
    DriveFolder drive = drives.get(root);
    if (drive == null) {
      throw new IllegalArgumentException("no drive at " + root);
    }
    return drive;
  }
}
