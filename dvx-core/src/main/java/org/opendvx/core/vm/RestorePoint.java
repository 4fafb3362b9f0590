package org.opendvx.core.vm;

import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.opendvx.core.datastore.SnapshotQuery;
import org.opendvx.core.datastore.Snapshots.SnapshotInfo;

/**
 * A snapshot of a machine as a user sees it.
 *
 * @param id the snapshot's id
 * @param vm the machine
 * @param consistency what it promises
 * @param reason why not more, empty for APPLICATION
 * @param labels the user's own
 * @param files frozen files
 * @param logicalBytes sum of their sizes
 */
public record RestorePoint(
    long id,
    String name,
    Instant created,
    VmRef vm,
    String vmName,
    Consistency consistency,
    String reason,
    Origin origin,
    Map<String, String> labels,
    int files,
    long logicalBytes) {

  /** Labels of ours start so; a user's must not. */
  public static final String RESERVED = "dvx.";

  /** Label of the machine, as hypervisor/id. */
  public static final String VM = RESERVED + "vm";

  static final String VM_NAME = RESERVED + "vm-name";
  static final String CONSISTENCY = RESERVED + "consistency";
  static final String REASON = RESERVED + "reason";
  static final String GROUP = RESERVED + "group";
  static final String ORIGIN = RESERVED + "origin";

  /** Who asked for it. */
  public enum Origin {
    USER,
    /** Taken before a restore in place. */
    SAFETY
  }

  /** The restore point that a snapshot is, empty when it is not one of a machine. */
  public static Optional<RestorePoint> of(SnapshotInfo snapshot) {
    String ref = snapshot.labels().get(VM);
    int slash = ref == null ? -1 : ref.indexOf('/');
    if (ref == null || slash < 0) {
      return Optional.empty();
    }
    Map<String, String> own = new LinkedHashMap<>(snapshot.labels());
    own.keySet().removeIf(key -> key.startsWith(RESERVED));
    return Optional.of(
        new RestorePoint(
            snapshot.id(),
            snapshot.name(),
            Instant.ofEpochSecond(0, snapshot.createdNanos()),
            new VmRef(ref.substring(0, slash), ref.substring(slash + 1)),
            snapshot.labels().getOrDefault(VM_NAME, ""),
            Consistency.valueOf(
                snapshot.labels().getOrDefault(CONSISTENCY, Consistency.CRASH.name())),
            snapshot.labels().getOrDefault(REASON, ""),
            Origin.valueOf(snapshot.labels().getOrDefault(ORIGIN, Origin.USER.name())),
            own,
            snapshot.files(),
            snapshot.logicalBytes()));
  }

  /**
   * Labels of which restore points of a machine have one.
   *
   * @param machine its whole name, or hypervisor/id
   */
  public static List<SnapshotQuery.Label> labelsOf(String machine) {
    return List.of(new SnapshotQuery.Label(VM, machine), new SnapshotQuery.Label(VM_NAME, machine));
  }

  /** The labels under which a restore point is kept. */
  static Map<String, String> labels(
      VmDescription vm,
      Consistency consistency,
      String reason,
      Origin origin,
      Map<String, String> own) {
    Map<String, String> labels = new LinkedHashMap<>(own);
    labels.put(VM, vm.ref().toString());
    labels.put(VM_NAME, vm.name());
    labels.put(CONSISTENCY, consistency.name());
    labels.put(REASON, reason.length() <= 1_000 ? reason : reason.substring(0, 1_000));
    labels.put(ORIGIN, origin.name());
    return labels;
  }
}
