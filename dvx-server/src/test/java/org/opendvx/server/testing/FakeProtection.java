package org.opendvx.server.testing;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.opendvx.core.datastore.Snapshots.SnapshotInfo;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.vm.SnapshotPolicy;
import org.opendvx.core.vm.Stragglers;
import org.opendvx.core.vm.VmRef;
import org.opendvx.server.api.CloneView;
import org.opendvx.server.api.RestoreView;
import org.opendvx.server.service.MachineProtection;
import org.opendvx.server.service.Progress;

/** Snapshots of machines that only note what was asked. */
public final class FakeProtection implements MachineProtection {
  private final FakeSnapshots snapshots;

  /** Restores wait for it; open unless a test closes it. */
  private volatile CountDownLatch gate = new CountDownLatch(0);

  FakeProtection(FakeSnapshots snapshots) {
    this.snapshots = snapshots;
  }

  /** Makes restores wait until the returned latch is counted down. */
  public CountDownLatch holdRestores() {
    gate = new CountDownLatch(1);
    return gate;
  }

  @Override
  public Shots snapshotTogether(
      Map<VmRef, SnapshotPolicy> vms,
      Map<String, String> labels,
      Stragglers stragglers,
      String who,
      Progress progress) {
    List<Shot> shots = new ArrayList<>();
    for (Map.Entry<VmRef, SnapshotPolicy> vm : vms.entrySet()) {
      String name = vm.getKey().id() + "-" + stragglers.name();
      shots.add(snapshot(vm.getKey(), name, labels, vm.getValue(), who, progress));
    }
    return new Shots(shots, Map.of());
  }

  @Override
  public Shot snapshot(
      VmRef vm,
      String name,
      Map<String, String> labels,
      SnapshotPolicy policy,
      String who,
      Progress progress) {
    if (policy == SnapshotPolicy.REQUIRE) {
      throw DvxException.of(Kind.CONFLICT, "The guest does not hold still")
          .cause("No agent runs in it")
          .remedy("Use --policy try")
          .build();
    }
    progress.at(50, "cutting");
    Map<String, String> all = new LinkedHashMap<>(labels);
    all.put("dvx.vm", "web1");
    all.put("dvx.ref", vm.toString());
    return new Shot(
        snapshots.add(name.isEmpty() ? "web1-now" : name, 1_700_000_000_000_000_000L, all),
        1_000_000,
        2_000_000);
  }

  @Override
  public RestoreView restore(
      Optional<VmRef> vm,
      SnapshotInfo snapshot,
      boolean powerOff,
      boolean powerOn,
      Progress progress) {
    try {
      if (!gate.await(30, TimeUnit.SECONDS)) {
        throw new IllegalStateException("the test never let the restore go");
      }
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
    if (!powerOff) {
      throw DvxException.of(Kind.CONFLICT, "The machine is running")
          .cause("A restore in place needs it to be off")
          .remedy("Power it off, or use --power-off")
          .detail("vm", vm)
          .build();
    }
    return new RestoreView("web1", "vc1/vm-1", snapshot.name(), "safety-1", 2, List.of());
  }

  @Override
  public CloneView clone(
      SnapshotInfo snapshot, String name, boolean powerOn, boolean keepMacs, Progress progress) {
    return new CloneView(name, "vc1/vm-9", "/" + name, powerOn, List.of());
  }

  @Override
  public CloneView convert(Conversion conversion, Progress progress) {
    return new CloneView(
        conversion.name(),
        conversion.kind() + "/vm-9",
        "/" + conversion.name(),
        conversion.powerOn(),
        List.of("0 bytes copied"));
  }

  @Override
  public Facts facts(SnapshotInfo snapshot) {
    Map<String, String> labels = new LinkedHashMap<>(snapshot.labels());
    String vm = labels.getOrDefault("dvx.vm", "");
    String ref = labels.getOrDefault("dvx.ref", "");
    labels.keySet().removeIf(key -> key.startsWith("dvx."));
    return new Facts(vm, ref, "CRASH", "no guest agent", labels);
  }

  @Override
  public Optional<Object> document(SnapshotInfo snapshot) {
    return Optional.empty();
  }
}
