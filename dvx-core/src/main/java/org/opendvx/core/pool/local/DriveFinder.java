package org.opendvx.core.pool.local;

import java.io.Closeable;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Finds drives in the configured folders by their labels, locked. */
final class DriveFinder {
  private static final Logger LOG = LoggerFactory.getLogger(DriveFinder.class);

  private final LocalPoolConfig config;

  /** Folders with a damaged label, of which the log says so: they are looked at again and again. */
  private final Set<Path> damaged = ConcurrentHashMap.newKeySet();

  DriveFinder(LocalPoolConfig config) {
    this.config = config;
  }

  /**
   * A folder that was looked at.
   *
   * @param drive the drive, locked, null when there is none
   * @param label its label
   * @param problem why there is no drive; empty when there is one
   * @param heldElsewhere whether another process has it
   */
  record Sighting(
      Path root,
      @Nullable Drive drive,
      @Nullable DriveLabel label,
      String problem,
      boolean heldElsewhere) {

    private static Sighting problem(Path root, String problem) {
      return new Sighting(root, null, null, problem, false);
    }
  }

  /**
   * Looks into folders.
   *
   * @throws DvxException UNSUPPORTED when a drive has a newer format; none is kept then
   */
  List<Sighting> look(Collection<Path> roots) {
    List<Path> order = List.copyOf(roots);
    List<DriveIo> io = new ArrayList<>();
    List<DriveIo.Pending<Sighting>> pending = new ArrayList<>();
    for (Path root : order) {
      DriveIo threads = new DriveIo(String.valueOf(root.getFileName()), config.ioLimit());
      io.add(threads);
      pending.add(
          threads.start(
              DriveIo.Lane.CONTROL, _ -> sight(root, config.folders().at(root), threads)));
    }
    List<Sighting> sightings = new ArrayList<>();
    DvxException refusal = null;
    for (int i = 0; i < order.size(); i++) {
      Sighting sighting;
      try {
        sighting = pending.get(i).await(io.get(i).deadline());
      } catch (IOException e) {
        sighting = Sighting.problem(order.get(i), IoErrors.brief(e));
      } catch (DvxException e) {
        refusal = e;
        sighting = Sighting.problem(order.get(i), e.report().what());
      }
      sightings.add(sighting);
      if (sighting.drive() == null) {
        io.get(i).close();
      }
    }
    if (refusal != null) {
      release(sightings);
      throw refusal;
    }
    return sightings;
  }

  /** Gives drives up again. */
  static void release(Collection<Sighting> sightings) {
    for (Sighting sighting : sightings) {
      Drive drive = sighting.drive();
      if (drive != null) {
        drive.close();
      }
    }
  }

  private Sighting sight(Path root, DriveFolder folder, DriveIo io) throws IOException {
    // The label is looked at before the lock: nothing is made in a folder that is not a drive.
    if (read(folder) == null) {
      return Sighting.problem(root, "no label of a drive");
    }
    Closeable lock = folder.tryLock(Layout.LOCK);
    if (lock == null) {
      return new Sighting(root, null, null, "in use by another process", true);
    }
    try {
      DriveLabel label = read(folder);
      if (label != null) {
        Drive drive =
            new Drive(label.index(), label.drive(), folder, io, lock, folder.identity(Layout.LOCK));
        return new Sighting(root, drive, label, "", false);
      }
      lock.close();
      return Sighting.problem(root, "its label is damaged");
    } catch (IOException | RuntimeException e) {
      lock.close();
      throw e;
    }
  }

  private @Nullable DriveLabel read(DriveFolder folder) throws IOException {
    try {
      DriveLabel label = DriveLabel.read(folder);
      if (label != null) {
        damaged.remove(folder.root());
      } else if (damaged.add(folder.root())) {
        LOG.warn("The label of the drive at {} is damaged", folder.root());
      }
      return label;
    } catch (NoSuchFileException _) {
      return null;
    }
  }

  /** The error for drives that another process holds. */
  static DvxException heldElsewhere(Collection<Sighting> sightings) {
    return DvxException.of(Kind.CONFLICT, "Another process has the pool open")
        .cause("The lock of a drive is held")
        .remedy("Stop the other process, or use other drives")
        .detail(
            "drives",
            sightings.stream().filter(Sighting::heldElsewhere).map(Sighting::root).toList())
        .build();
  }
}
