package org.opendvx.core.vm;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.opendvx.core.datastore.Datastore;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes a machine of one hypervisor from a restore point of another one's. Its disks share all
 * blocks with the original: nothing is copied. Nothing inside the guest is changed. Thread-safe;
 * calls block.
 */
public final class VmConvert {
  private static final Logger LOG = LoggerFactory.getLogger(VmConvert.class);

  private final Datastore datastore;
  private final VmSnapshots snapshots;

  /** The service. */
  public VmConvert(Datastore datastore, VmSnapshots snapshots) {
    this.datastore = datastore;
    this.snapshots = snapshots;
  }

  /**
   * What to make.
   *
   * @param name of the new machine
   * @param network that its cards are put on, empty for the network of the same name
   * @param keepMacs whether its cards keep their addresses; the original must not run beside it
   */
  public record Request(
      String name, String network, boolean keepMacs, boolean powerOn, Duration limit) {}

  /**
   * Converts a machine that is off, as it is now.
   *
   * @throws DvxException CONFLICT when it is not off
   */
  public VmClone.Cloned machine(Hypervisor from, VmRef vm, Hypervisor to, Request request) {
    ends(from, to);
    VmDescription now = from.describe(vm);
    if (now.power() != PowerState.OFF) {
      throw DvxException.of(Kind.CONFLICT, "The machine " + now.name() + " cannot be converted")
          .cause("It is " + now.power() + ": its disks change")
          .remedy("Turn it off, or take a snapshot and convert that")
          .detail("vm", vm)
          .build();
    }
    RestorePoint point =
        snapshots
            .create(
                from,
                new VmSnapshots.Request(
                    vm, null, java.util.Map.of("purpose", "conversion"), SnapshotPolicy.OFF))
            .point();
    try {
      return restorePoint(from, point, to, request);
    } finally {
      snapshots.delete(point.id());
    }
  }

  /**
   * Converts a restore point.
   *
   * @param from the hypervisor of its machine
   * @throws DvxException INVALID when both are of one kind; UNSUPPORTED when its disks or the
   *     machine cannot be converted
   */
  public VmClone.Cloned restorePoint(
      Hypervisor from, RestorePoint point, Hypervisor to, Request request) {
    VmClone.requireName(request.name());
    Ends ends = ends(from, to);
    VmDescription saved = snapshots.document(point).vm();
    if (!saved.foreignDisks().isEmpty()) {
      List<String> names =
          saved.foreignDisks().stream().map(VmDescription.ForeignDisk::label).toList();
      throw refused(saved, "Not all of its disks are on the datastore: " + names)
          .remedy("Move them to the datastore, or take them off, and take another snapshot")
          .build();
    }
    if (saved.disks().isEmpty()) {
      throw refused(saved, "It has no disk").remedy("Make a new machine there").build();
    }
    MachinePlan plan = ends.from().plan(datastore, saved, point);
    for (MachinePlan.Disk disk : plan.disks()) {
      if (disk.bytes() <= 0 || disk.bytes() % 512 != 0) {
        throw refused(saved, disk.label() + " has " + disk.bytes() + " bytes, no whole sectors")
            .remedy("Make the disk larger by what is missing")
            .build();
      }
    }
    VmClone.Cloned made = ends.to().adopt(datastore, plan, request);
    LOG.info("Converted {} to {}", point.name(), made.vm());
    List<String> notes = new ArrayList<>(made.notes());
    if (saved.power() != PowerState.OFF) {
      notes.add(
          "the snapshot is of a machine that ran ("
              + point.consistency()
              + "): the guest starts as after "
              + (point.consistency() == Consistency.CRASH ? "a power cut" : "a restore"));
    }
    notes.add(
        "nothing inside the guest was changed: drivers, agents and tools of the old hypervisor are"
            + " still there, and network settings that are bound to the old cards");
    plan.left().forEach(what -> notes.add("not converted: " + what));
    return new VmClone.Cloned(made.vm(), made.folder(), made.files(), notes);
  }

  private record Ends(ConvertsMachines from, ConvertsMachines to) {}

  private static Ends ends(Hypervisor from, Hypervisor to) {
    if (from instanceof ConvertsMachines source && to instanceof ConvertsMachines target) {
      if (!source.machineKind().equals(target.machineKind())) {
        return new Ends(source, target);
      }
      throw DvxException.of(Kind.INVALID, "There is nothing to convert")
          .cause("The machine is one of " + source.machineKind() + " already")
          .remedy("Use dvx clone")
          .build();
    }
    throw DvxException.of(Kind.UNSUPPORTED, "This kind of manager converts no machines")
        .cause(from.name() + " or " + to.name() + " does not offer it")
        .remedy("Convert between a vCenter and an oVirt engine")
        .build();
  }

  private static DvxException.Builder refused(VmDescription vm, String why) {
    return DvxException.of(Kind.UNSUPPORTED, "The machine " + vm.name() + " cannot be converted")
        .cause(why)
        .detail("vm", vm.ref());
  }
}
