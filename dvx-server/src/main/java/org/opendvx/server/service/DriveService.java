package org.opendvx.server.service;

import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.DoubleSupplier;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.pool.Pool;
import org.opendvx.core.pool.PoolStatus;
import org.opendvx.core.pool.local.CareStatus;
import org.opendvx.core.pool.local.DriveCare;
import org.opendvx.server.api.DriveView;
import org.opendvx.server.api.DriveWorkView;
import org.opendvx.server.api.DrivesView;
import org.opendvx.server.api.ScrubFindingView;
import org.opendvx.server.api.ScrubView;

/** The drives: what they are like, and what a person does about them. Thread-safe. */
public final class DriveService {
  private final Pool pool;
  private final @Nullable DoubleSupplier reduction;
  private final @Nullable DriveCare care;
  private final DriveFolders folders;
  private final EventLog events;

  /**
   * A service.
   *
   * @param reduction logical by stored bytes; null where nothing but sealed bytes is known
   * @param care of the drives of this node; null where they are those of a data node
   */
  public DriveService(
      Pool pool,
      @Nullable DoubleSupplier reduction,
      @Nullable DriveCare care,
      DriveFolders folders,
      EventLog events) {
    this.pool = pool;
    this.reduction = reduction;
    this.care = care;
    this.folders = folders;
    this.events = events;
  }

  /** How it is with the drives. */
  public DrivesView view() {
    PoolStatus status = pool.status();
    CareStatus cared = care == null ? null : care.status();
    Map<Integer, CareStatus.DriveCondition> conditions = new HashMap<>();
    if (cared != null) {
      cared.drives().forEach(condition -> conditions.put(condition.index(), condition));
    }
    PoolStatus.Capacity capacity = status.capacity();
    return new DrivesView(
        status.health().name(),
        status.summary(),
        status.toleratedLosses(),
        status.generation(),
        capacity.rawBytes(),
        capacity.usableBytes(),
        reduction == null
            ? null
            : Long.valueOf(Math.round(capacity.usableBytes() * reduction.getAsDouble())),
        capacity.freeBytes(),
        capacity.reserveBytes(),
        status.containers(),
        status.degradedContainers(),
        status.drives().stream().map(drive -> view(drive, conditions.get(drive.index()))).toList(),
        cared == null ? null : work(cared.rebuild()),
        cared == null ? null : work(cared.balance()),
        cared == null ? null : scrub(cared.scrub()));
  }

  private static DriveView view(
      PoolStatus.Drive drive, CareStatus.@Nullable DriveCondition condition) {
    return new DriveView(
        drive.index(),
        drive.id(),
        drive.path(),
        drive.state().name(),
        drive.reason(),
        drive.totalBytes(),
        drive.usedBytes(),
        drive.shards(),
        condition != null && condition.leaving(),
        condition != null && condition.slow(),
        condition == null ? "" : condition.note(),
        condition == null ? 0 : condition.readErrors(),
        condition == null ? 0 : condition.badShards(),
        condition == null ? 0 : condition.meanMicros());
  }

  private static DriveWorkView work(CareStatus.Work work) {
    return new DriveWorkView(
        work.phase().name(),
        work.total(),
        work.done(),
        work.bytes(),
        time(work.startedMillis()),
        work.reason());
  }

  private static ScrubView scrub(CareStatus.Scrub scrub) {
    return new ScrubView(
        scrub.running(),
        scrub.total(),
        scrub.done(),
        scrub.bytes(),
        time(scrub.startedMillis()),
        time(scrub.finishedMillis()),
        scrub.found(),
        scrub.repaired(),
        scrub.findings().stream()
            .map(
                finding ->
                    new ScrubFindingView(
                        Instant.ofEpochMilli(finding.millis()),
                        finding.drive(),
                        finding.path(),
                        finding.container(),
                        finding.shard(),
                        finding.offset(),
                        finding.what(),
                        finding.repaired()))
            .toList());
  }

  private static @Nullable Instant time(long millis) {
    return millis == 0 ? null : Instant.ofEpochMilli(millis);
  }

  /** Adds a drive. */
  public DrivesView add(@Nullable String path) {
    DriveCare here = here();
    Path folder = folder(path);
    folders.remember(folder);
    int index = here.add(folder);
    told(index, "the folder " + folder + " is a drive of the pool now");
    return view();
  }

  /** Puts an empty folder in the place of a lost drive. */
  public DrivesView replace(int index, @Nullable String path) {
    DriveCare here = here();
    Path folder = path == null || path.isBlank() ? onlyUnused() : folder(path);
    folders.remember(folder);
    here.replace(index, folder);
    told(index, "the folder " + folder + " took its place; what it had is rebuilt");
    return view();
  }

  /** Begins to empty a drive, to remove it then. */
  public DrivesView remove(int index) {
    here().remove(index);
    told(index, "it is emptied and then removed");
    return view();
  }

  /** Keeps a drive that was to be removed. */
  public DrivesView keep(int index) {
    here().keep(index);
    told(index, "it is kept");
    return view();
  }

  /** Waits no longer for lost drives. */
  public DrivesView rebuild() {
    here().rebuildNow();
    return view();
  }

  /** Moves shards until the drives are about equally full. */
  public DrivesView balance() {
    here().rebalance();
    return view();
  }

  /** Begins to read everything. */
  public DrivesView scrub() {
    here().scrub();
    return view();
  }

  private void told(int index, String message) {
    events.add(EventLog.Severity.INFO, "drive.changed", "drive " + index, message);
  }

  private DriveCare here() {
    if (care == null) {
      throw DvxException.of(Kind.UNSUPPORTED, "The drives are not those of this node")
          .cause("The pool is that of a data node")
          .remedy("Run the command there: dvx drives with --data or --url of the data node")
          .build();
    }
    return care;
  }

  private static Path folder(@Nullable String path) {
    Path folder = path == null ? Path.of("") : Path.of(path);
    if (!folder.isAbsolute()) {
      throw DvxException.of(Kind.INVALID, "The drive's folder is not an absolute path")
          .remedy("Give the path from the root on, such as /drives/g")
          .detail("path", String.valueOf(path))
          .build();
    }
    return folder.normalize();
  }

  /** The one folder that is known and not in use, so that nobody has to name it. */
  private Path onlyUnused() {
    Set<String> used = new HashSet<>();
    pool.status().drives().forEach(drive -> used.add(drive.path()));
    List<Path> unused = new ArrayList<>(folders.all());
    unused.removeIf(folder -> used.contains(folder.toString()));
    if (unused.size() != 1) {
      throw DvxException.of(Kind.INVALID, "The new drive's folder must be named")
          .cause(unused.size() + " known folders are not in use")
          .remedy("dvx drives replace DRIVE FOLDER")
          .detail("not in use", unused)
          .build();
    }
    return unused.getFirst();
  }
}
