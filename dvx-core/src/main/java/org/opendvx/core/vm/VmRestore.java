package org.opendvx.core.vm;

import static org.opendvx.core.vm.DatastorePaths.parent;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.datastore.Attributes;
import org.opendvx.core.datastore.Datastore;
import org.opendvx.core.datastore.FileKey;
import org.opendvx.core.datastore.FileType;
import org.opendvx.core.datastore.Snapshots;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Puts a machine back to a restore point, in place: a safety snapshot first, then one journal
 * record that swaps the files' content, then the hypervisor reads the configuration again. Refuses
 * whatever could hurt a machine that somebody still uses. Thread-safe; calls block.
 */
public final class VmRestore {
  private static final Logger LOG = LoggerFactory.getLogger(VmRestore.class);
  private static final int MAX_TEXT = 1 << 20;

  private final Datastore datastore;
  private final VmSnapshots snapshots;
  private final DatastorePaths paths;
  private final VmFileSet fileSet;
  private final LockWatch locks;

  /**
   * The service.
   *
   * @param lockObservation how long to look whether lock files are renewed, when there are any
   */
  public VmRestore(Datastore datastore, VmSnapshots snapshots, Duration lockObservation) {
    this.datastore = datastore;
    this.snapshots = snapshots;
    this.paths = new DatastorePaths(datastore);
    this.fileSet = new VmFileSet(paths);
    this.locks = new LockWatch(paths, lockObservation);
  }

  /**
   * What to do.
   *
   * @param powerOff whether to power the machine off if it is on, instead of refusing
   * @param powerOn whether to power it on afterwards
   */
  public record Request(
      VmRef vm, RestorePoint point, boolean powerOff, boolean powerOn, Duration limit) {}

  /**
   * What was done.
   *
   * @param safety the state before, to go back to
   * @param restored paths that have the content of the restore point again
   * @param removed paths that came since and were removed; they are in the safety snapshot
   */
  public record Restored(RestorePoint safety, List<String> restored, List<String> removed) {}

  /**
   * Restores.
   *
   * @throws DvxException INVALID when the restore point is another machine's, CONFLICT when the
   *     machine is on, locked, or its disks are not the same files any more; nothing has changed
   *     then
   */
  public Restored restore(Hypervisor hypervisor, Request request) {
    VmDescription vm = hypervisor.describe(request.vm());
    VmDocument saved = snapshots.document(request.point());
    requireSameMachine(vm, saved.vm(), request.point());
    requireSameDisks(vm, saved.vm());
    requireOff(hypervisor, vm, request);
    Map<String, FileKey> current = fileSet.resolve(vm);
    List<Snapshots.Member> members = datastore.snapshots().members(request.point().id());
    Set<String> folders = new HashSet<>();
    current.keySet().forEach(path -> folders.add(parent(path)));
    members.forEach(member -> folders.add(parent(member.path())));
    locks.requireUnlocked(folders);
    Set<Long> shared = ofOthersToo(members);
    hypervisor.requireUnused(datastore, vm);
    // Looking at locks and leases takes long enough for somebody to switch it on.
    requireStillOff(hypervisor, vm, "");

    RestorePoint safety = snapshots.safety(vm, "before-restore");
    requireStillOff(hypervisor, vm, safety.name());
    Map<String, FileKey> gone = new TreeMap<>(current);
    List<Long> ids = new ArrayList<>();
    List<String> restored = new ArrayList<>();
    for (Snapshots.Member member : members) {
      gone.remove(member.path());
      gone.values().removeIf(FileKey.live(member.key().file())::equals);
      if (!shared.contains(member.key().file())) {
        ids.add(member.key().file());
        restored.add(member.path());
      }
    }
    paths.done(
        "restore",
        vm.name(),
        datastore.snapshots().restore(request.point().id(), ids, List.copyOf(gone.values())));
    LOG.info(
        "Restored {} to {}; the state before is {}",
        vm.name(),
        request.point().name(),
        safety.name());
    try {
      rewrite(hypervisor, members);
    } catch (DvxException e) {
      throw restoredButNotOn(vm, request, safety, e, "Remove the cause and restore it once more");
    }
    try {
      hypervisor.reload(request.vm());
      if (request.powerOn()) {
        hypervisor.powerOn(request.vm(), request.limit());
      }
    } catch (DvxException e) {
      throw restoredButNotOn(
          vm,
          request,
          safety,
          e,
          request.powerOn()
              ? "Switch it on by the hypervisor's own means; nothing is left to restore"
              : "Have the hypervisor read it again; nothing is left to restore");
    }
    return new Restored(safety, List.copyOf(restored), List.copyOf(gone.keySet()));
  }

  /** Nobody may take this for a restore that did not happen. */
  private static DvxException restoredButNotOn(
      VmDescription vm, Request request, RestorePoint safety, DvxException why, String remedy) {
    return DvxException.of(
            why.kind(), "The disks of " + vm.name() + " are restored, but the machine is not ready")
        .cause(why.report().what())
        .remedy(remedy)
        .detail("restored to", request.point().name())
        .detail("state before", safety.name())
        .causedBy(why)
        .build();
  }

  /**
   * Files of the restore point that have more than one name now: a template's file has one in each
   * machine that stands on it, and is never written. They are left alone, so they must be what they
   * were.
   */
  private Set<Long> ofOthersToo(List<Snapshots.Member> members) {
    Set<Long> shared = new HashSet<>();
    for (Snapshots.Member member : members) {
      Attributes then = member.attributes();
      Attributes now = live(member);
      if (now == null || now.type() != FileType.REGULAR || now.links() < 2) {
        continue;
      }
      if (now.size() != then.size() || now.modified() != then.modified()) {
        throw DvxException.of(Kind.CONFLICT, "A file that several machines stand on was changed")
            .cause("It was written since the restore point was taken, and others may need it so")
            .remedy("Clone the restore point instead: dvx clone")
            .detail("file", member.path())
            .build();
      }
      shared.add(member.key().file());
    }
    return shared;
  }

  /** Null when the file is not there any more: the restore brings it back. */
  private @Nullable Attributes live(Snapshots.Member member) {
    try {
      return paths.attributes(FileKey.live(member.key().file()), member.path());
    } catch (DvxException e) {
      if (e.kind() == Kind.NOT_FOUND) {
        return null;
      }
      throw e;
    }
  }

  private static void requireSameMachine(
      VmDescription vm, VmDescription saved, RestorePoint point) {
    boolean same =
        vm.ref().equals(saved.ref())
            || (!vm.instanceUuid().isEmpty() && vm.instanceUuid().equals(saved.instanceUuid()));
    if (!same) {
      throw DvxException.of(Kind.INVALID, "The restore point is not one of this machine")
          .cause(point.name() + " was taken of " + saved.name())
          .remedy("Choose one of " + vm.name() + ", or clone: dvx clone " + point.name())
          .detail("vm", vm.ref())
          .detail("saved", saved.ref())
          .build();
    }
  }

  private static void requireSameDisks(VmDescription vm, VmDescription saved) {
    Map<String, List<String>> now = chains(vm);
    Map<String, List<String>> then = chains(saved);
    if (!now.equals(then)) {
      throw DvxException.of(Kind.CONFLICT, "The machine's disks are not the ones that were saved")
          .cause("Disks or hypervisor snapshots were added, removed or moved since")
          .remedy("Bring the disk chain back to what it was, or clone the restore point instead")
          .detail("now", now)
          .detail("saved", then)
          .build();
    }
  }

  private static Map<String, List<String>> chains(VmDescription vm) {
    Map<String, List<String>> chains = new TreeMap<>();
    for (VmDescription.VmDisk disk : vm.disks()) {
      chains.put(disk.label(), disk.chain());
    }
    return chains;
  }

  private static void requireOff(Hypervisor hypervisor, VmDescription vm, Request request) {
    if (vm.power() == PowerState.OFF) {
      return;
    }
    if (!request.powerOff()) {
      throw DvxException.of(Kind.CONFLICT, "The machine " + vm.name() + " is not off")
          .cause("Its power state is " + vm.power() + "; its disks would change under its feet")
          .remedy("Shut it down, or give --power-off to switch it off")
          .detail("vm", vm.ref())
          .build();
    }
    hypervisor.powerOff(request.vm(), request.limit());
  }

  /**
   * Asks the hypervisor once more, since the machine was free to start since it was asked first.
   *
   * @param safety the safety snapshot that stays behind when the machine runs, empty when there is
   *     none yet
   */
  private static void requireStillOff(Hypervisor hypervisor, VmDescription vm, String safety) {
    PowerState power = hypervisor.describe(vm.ref()).power();
    if (power == PowerState.OFF) {
      return;
    }
    String stays = safety.isEmpty() ? "" : "; the safety snapshot " + safety + " stays";
    throw DvxException.of(Kind.CONFLICT, "The machine " + vm.name() + " is not off any more")
        .cause("Its power state became " + power + " during the checks before the restore")
        .remedy("Nothing was restored" + stays + ". Shut the machine down, then restore again")
        .detail("vm", vm.ref())
        .build();
  }

  private void rewrite(Hypervisor hypervisor, List<Snapshots.Member> members) {
    Map<String, byte[]> texts = new LinkedHashMap<>();
    for (Snapshots.Member member : members) {
      if (hypervisor.describesMachine(member.path()) && member.attributes().size() <= MAX_TEXT) {
        FileKey live = FileKey.live(member.key().file());
        texts.put(member.path(), paths.read(live, member.path(), MAX_TEXT));
      }
    }
    for (Map.Entry<String, byte[]> changed : hypervisor.rewriteForRestore(texts).entrySet()) {
      paths.write(paths.require(changed.getKey()), changed.getKey(), changed.getValue());
    }
  }
}
