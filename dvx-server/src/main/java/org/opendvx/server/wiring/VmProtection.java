package org.opendvx.server.wiring;

import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.opendvx.core.datastore.Datastore;
import org.opendvx.core.datastore.Snapshots.SnapshotInfo;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.vm.AuditTrail;
import org.opendvx.core.vm.ConvertsMachines;
import org.opendvx.core.vm.CutBarrier;
import org.opendvx.core.vm.Hypervisor;
import org.opendvx.core.vm.Quiescer;
import org.opendvx.core.vm.RestorePoint;
import org.opendvx.core.vm.SnapshotPolicy;
import org.opendvx.core.vm.StageLimits;
import org.opendvx.core.vm.Stragglers;
import org.opendvx.core.vm.VmClone;
import org.opendvx.core.vm.VmConvert;
import org.opendvx.core.vm.VmDescription;
import org.opendvx.core.vm.VmDocument;
import org.opendvx.core.vm.VmRef;
import org.opendvx.core.vm.VmRestore;
import org.opendvx.core.vm.VmSnapshots;
import org.opendvx.rhv.quiesce.EngineQuiescer;
import org.opendvx.server.api.CloneView;
import org.opendvx.server.api.RestoreView;
import org.opendvx.server.service.HypervisorRegistry;
import org.opendvx.server.service.MachineProtection;
import org.opendvx.server.service.Progress;

/** The services for machines as REST sees them. */
final class VmProtection implements MachineProtection {
  private static final Duration POWER_LIMIT = Duration.ofMinutes(5);

  /** ESXi renews its locks every ten seconds. */
  private static final Duration LOCK_OBSERVATION = Duration.ofSeconds(15);

  private final Datastore datastore;
  private final HypervisorRegistry hypervisors;
  private final List<Quiescer> quiescers;
  private final VmSnapshots snapshots;
  private final VmRestore restore;
  private final VmClone clone;
  private final VmConvert convert;

  VmProtection(
      Datastore datastore,
      HypervisorRegistry hypervisors,
      AuditTrail audit,
      List<Quiescer> quiescers,
      Clock clock) {
    this.datastore = datastore;
    this.hypervisors = hypervisors;
    this.quiescers = List.copyOf(quiescers);
    this.snapshots =
        new VmSnapshots(
            datastore,
            quiescers,
            CutBarrier.oneOwner(datastore.snapshots()),
            audit,
            StageLimits.USUAL,
            clock);
    this.restore = new VmRestore(datastore, snapshots, LOCK_OBSERVATION);
    this.clone = new VmClone(datastore, snapshots);
    this.convert = new VmConvert(datastore, snapshots);
  }

  @Override
  public Shot snapshot(
      VmRef vm,
      String name,
      Map<String, String> labels,
      SnapshotPolicy policy,
      String who,
      Progress progress) {
    progress.at(0, "taking a snapshot of " + vm);
    VmSnapshots.Taken taken =
        snapshots.create(
            hypervisor(vm),
            new VmSnapshots.Request(vm, name.isEmpty() ? null : name, labels, policy, who));
    progress.at(100, "taken");
    return shot(taken);
  }

  @Override
  public Shots snapshotTogether(
      Map<VmRef, SnapshotPolicy> vms,
      Map<String, String> labels,
      Stragglers stragglers,
      String who,
      Progress progress) {
    progress.at(0, "taking a snapshot of " + vms.size() + " machines");
    VmSnapshots.GroupTaken taken =
        snapshots.createTogether(
            this::hypervisor,
            vms.entrySet().stream()
                .map(vm -> new VmSnapshots.Request(vm.getKey(), null, labels, vm.getValue(), who))
                .toList(),
            stragglers);
    progress.at(100, "taken");
    Map<String, String> dropped = new LinkedHashMap<>();
    taken.dropped().forEach((vm, why) -> dropped.put(vm.toString(), why));
    return new Shots(taken.taken().stream().map(this::shot).toList(), dropped);
  }

  private Shot shot(VmSnapshots.Taken taken) {
    SnapshotInfo info =
        datastore.snapshots().snapshot(taken.point().id()).orElseThrow(VmProtection::gone);
    return new Shot(info, taken.heldNanos(), taken.cutNanos());
  }

  @Override
  public RestoreView restore(
      Optional<VmRef> vm,
      SnapshotInfo snapshot,
      boolean powerOff,
      boolean powerOn,
      Progress progress) {
    RestorePoint point = point(snapshot);
    VmRef target = vm.orElse(point.vm());
    progress.at(0, "restoring " + point.vmName());
    VmRestore.Restored restored =
        restore.restore(
            hypervisor(target),
            new VmRestore.Request(target, point, powerOff, powerOn, POWER_LIMIT));
    progress.at(100, "restored");
    List<String> notes = new ArrayList<>();
    restored.removed().forEach(path -> notes.add(path + " came since and was removed"));
    foreign(snapshots.document(point).vm(), notes);
    return new RestoreView(
        point.vmName(),
        target.toString(),
        point.name(),
        restored.safety().name(),
        restored.restored().size(),
        notes);
  }

  @Override
  public CloneView clone(
      SnapshotInfo snapshot, String name, boolean powerOn, boolean keepMacs, Progress progress) {
    RestorePoint point = point(snapshot);
    progress.at(0, "cloning " + point.vmName() + " as " + name);
    VmClone.Cloned cloned =
        clone.clone(
            hypervisor(point.vm()),
            new VmClone.Request(point, name, powerOn, keepMacs, POWER_LIMIT));
    progress.at(100, "cloned");
    List<String> notes = new ArrayList<>(cloned.notes());
    foreign(snapshots.document(point).vm(), notes);
    return new CloneView(name, cloned.vm().toString(), cloned.folder(), powerOn, notes);
  }

  @Override
  public CloneView convert(Conversion wanted, Progress progress) {
    Hypervisor to = target(wanted);
    VmConvert.Request request =
        new VmConvert.Request(
            wanted.name(), wanted.network(), wanted.keepMacs(), wanted.powerOn(), POWER_LIMIT);
    progress.at(0, "converting to " + wanted.name() + " on " + to.name());
    VmClone.Cloned made;
    if (wanted.snapshot().isPresent()) {
      RestorePoint point = point(wanted.snapshot().get());
      made = convert.restorePoint(hypervisor(point.vm()), point, to, request);
    } else {
      VmRef vm = wanted.vm().orElseThrow();
      made = convert.machine(hypervisor(vm), vm, to, request);
    }
    progress.at(100, "converted");
    return new CloneView(
        wanted.name(), made.vm().toString(), made.folder(), wanted.powerOn(), made.notes());
  }

  private Hypervisor target(Conversion wanted) {
    List<Hypervisor> fitting = new ArrayList<>();
    for (String name : hypervisors.names()) {
      Hypervisor each = hypervisors.hypervisor(name);
      if (each instanceof ConvertsMachines converts
          && converts.machineKind().equals(wanted.kind())
          && (wanted.connection().isEmpty() || wanted.connection().equals(name))) {
        fitting.add(each);
      }
    }
    if (fitting.size() == 1) {
      return fitting.getFirst();
    }
    throw DvxException.of(Kind.INVALID, "Where to make the machine is not clear")
        .cause(
            fitting.size()
                + " connections of the kind "
                + wanted.kind()
                + (wanted.connection().isEmpty() ? "" : " are called " + wanted.connection()))
        .remedy("Name one of them: " + String.join(", ", hypervisors.names()))
        .build();
  }

  private static void foreign(VmDescription vm, List<String> notes) {
    for (VmDescription.ForeignDisk disk : vm.foreignDisks()) {
      notes.add(disk.label() + " (" + disk.backing() + ") is not in the snapshot");
    }
  }

  @Override
  public Facts facts(SnapshotInfo snapshot) {
    return RestorePoint.of(snapshot)
        .map(
            point ->
                new Facts(
                    point.vmName(),
                    point.vm().toString(),
                    point.consistency().name(),
                    point.reason(),
                    point.labels()))
        .orElseGet(() -> new Facts("", "", "CRASH", "", snapshot.labels()));
  }

  @Override
  public Optional<Object> document(SnapshotInfo snapshot) {
    return RestorePoint.of(snapshot).map(_ -> tree(VmDocument.decode(snapshot.document())));
  }

  private static Object tree(VmDocument document) {
    VmDescription vm = document.vm();
    Map<String, Object> tree = new LinkedHashMap<>();
    tree.put("vm", vm.name());
    tree.put("vmRef", vm.ref().toString());
    tree.put("power", vm.power().name());
    tree.put("host", vm.host());
    tree.put("biosUuid", vm.biosUuid());
    tree.put("instanceUuid", vm.instanceUuid());
    tree.put("configuration", vm.configuration());
    tree.put("disks", vm.disks());
    tree.put("foreignDisks", vm.foreignDisks());
    tree.put("hardware", vm.hardware());
    tree.put("skipped", document.skipped());
    tree.put("writers", new String(document.writers(), StandardCharsets.UTF_8));
    return tree;
  }

  /** Quiescers that hold guests by a hypervisor must let them go while it can still be asked. */
  @Override
  public void close() {
    for (Quiescer each : quiescers) {
      if (each instanceof EngineQuiescer frozen) {
        frozen.close();
      }
    }
  }

  private Hypervisor hypervisor(VmRef vm) {
    return hypervisors.hypervisor(vm.hypervisor());
  }

  private static RestorePoint point(SnapshotInfo snapshot) {
    return RestorePoint.of(snapshot)
        .orElseThrow(
            () ->
                DvxException.of(Kind.INVALID, "This snapshot is not one of a machine")
                    .cause(snapshot.name() + " holds a set of files")
                    .remedy("Take the files from /.snapshots/" + snapshot.name())
                    .build());
  }

  private static DvxException gone() {
    return DvxException.of(Kind.NOT_FOUND, "The snapshot was deleted meanwhile").build();
  }
}
