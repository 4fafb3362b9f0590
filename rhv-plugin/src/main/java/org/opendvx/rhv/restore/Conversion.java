package org.opendvx.rhv.restore;

import static org.ovirt.engine.sdk4.builders.Builders.bios;
import static org.ovirt.engine.sdk4.builders.Builders.cpu;
import static org.ovirt.engine.sdk4.builders.Builders.cpuTopology;
import static org.ovirt.engine.sdk4.builders.Builders.disk;
import static org.ovirt.engine.sdk4.builders.Builders.diskAttachment;
import static org.ovirt.engine.sdk4.builders.Builders.mac;
import static org.ovirt.engine.sdk4.builders.Builders.nic;
import static org.ovirt.engine.sdk4.builders.Builders.operatingSystem;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.opendvx.core.datastore.Datastore;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.vm.FrozenFiles;
import org.opendvx.core.vm.MachinePlan;
import org.opendvx.core.vm.VmClone;
import org.opendvx.core.vm.VmConvert;
import org.opendvx.core.vm.VmDescription;
import org.opendvx.rhv.Rhv;
import org.opendvx.rhv.inventory.SavedMachine;
import org.ovirt.engine.sdk4.builders.NicBuilder;
import org.ovirt.engine.sdk4.builders.VmBuilder;
import org.ovirt.engine.sdk4.types.BiosType;
import org.ovirt.engine.sdk4.types.DiskAttachment;
import org.ovirt.engine.sdk4.types.DiskFormat;
import org.ovirt.engine.sdk4.types.DiskInterface;
import org.ovirt.engine.sdk4.types.Nic;
import org.ovirt.engine.sdk4.types.NicInterface;
import org.ovirt.engine.sdk4.types.Vm;
import org.ovirt.engine.sdk4.types.VnicProfile;

/** Machines of other hypervisors as machines of an engine, and the other way round. */
public final class Conversion {
  /** vdsm makes no disk whose size is not a multiple of this. */
  private static final long DISK_UNIT = 4096;

  /** A machine's AHCI controller has six ports; one is the CD-ROM's. */
  private static final int SATA_DISKS = 4;

  private final Rhv rhv;

  /** Over a connection. */
  public Conversion(Rhv rhv) {
    this.rhv = rhv;
  }

  /**
   * A saved machine in the words that hypervisors share.
   *
   * @throws DvxException UNSUPPORTED when a disk is not one raw file
   */
  public static MachinePlan plan(VmDescription saved, FrozenFiles files) {
    Vm vm = SavedMachine.parse(saved.hardware().getOrDefault(SavedMachine.KEY, "")).vm();
    int cores = 1;
    int cpus = 1;
    if (vm.cpuPresent() && vm.cpu().topologyPresent()) {
      var topology = vm.cpu().topology();
      int threads = topology.threadsPresent() ? topology.threadsAsInteger() : 1;
      cores = threads * (topology.coresPresent() ? topology.coresAsInteger() : 1);
      cpus = cores * (topology.socketsPresent() ? topology.socketsAsInteger() : 1);
    }
    return new MachinePlan(
        cpus,
        cores,
        vm.memoryPresent() ? vm.memoryAsLong() >> 20 : 1024,
        firmware(vm),
        guest(vm.osPresent() && vm.os().typePresent() ? vm.os().type() : ""),
        cards(vm),
        disks(saved, vm, files),
        List.of(
            "CD-ROM drives, graphics and console settings, host devices, a virtual TPM",
            "UEFI variables, if it starts by UEFI",
            "tags, permissions, quotas, affinity, high availability, custom properties"));
  }

  private static MachinePlan.Firmware firmware(Vm vm) {
    BiosType type = vm.biosPresent() && vm.bios().typePresent() ? vm.bios().type() : null;
    return switch (type) {
      case Q35_OVMF -> MachinePlan.Firmware.UEFI;
      case Q35_SECURE_BOOT -> MachinePlan.Firmware.UEFI_SECURE;
      case null, default -> MachinePlan.Firmware.BIOS;
    };
  }

  private static MachinePlan.Guest guest(String type) {
    String name = type.toLowerCase(Locale.ROOT);
    if (name.startsWith("windows")) {
      return MachinePlan.Guest.WINDOWS;
    }
    return name.matches(".*(linux|rhel|rhcos|debian|ubuntu|sles|suse).*")
        ? MachinePlan.Guest.LINUX
        : MachinePlan.Guest.OTHER;
  }

  private static List<MachinePlan.Card> cards(Vm vm) {
    List<MachinePlan.Card> cards = new ArrayList<>();
    if (vm.nicsPresent()) {
      for (Nic each : vm.nics()) {
        cards.add(
            new MachinePlan.Card(
                each.name(),
                each.vnicProfilePresent() && each.vnicProfile().namePresent()
                    ? each.vnicProfile().name()
                    : "",
                each.macPresent() ? each.mac().address().toLowerCase(Locale.ROOT) : ""));
      }
    }
    return cards;
  }

  private static List<MachinePlan.Disk> disks(VmDescription saved, Vm vm, FrozenFiles files) {
    List<MachinePlan.Disk> disks = new ArrayList<>();
    for (VmDescription.VmDisk each : saved.disks()) {
      DiskAttachment attachment = NewMachine.attachment(new SavedMachine(vm), each);
      boolean layered =
          each.chain().size() != 1
              || (attachment.disk().formatPresent()
                  && attachment.disk().format() == DiskFormat.COW);
      if (layered) {
        throw DvxException.of(
                Kind.UNSUPPORTED, "The machine " + saved.name() + " cannot be converted")
            .cause(each.label() + " is not one raw file: it has layers, or is qcow2")
            .remedy("Clone the restore point: the clone's disks are raw. Convert that one")
            .detail("vm", saved.ref())
            .build();
      }
      disks.add(
          new MachinePlan.Disk(
              each.label(),
              files.key(each.chain().getFirst()),
              each.capacityBytes(),
              attachment.bootablePresent() && attachment.bootable()));
    }
    return disks;
  }

  /** Makes a machine of a plan. */
  public VmClone.Cloned adopt(Datastore datastore, MachinePlan plan, VmConvert.Request request) {
    List<String> notes = new ArrayList<>();
    List<NewMachine.Source> disks = new ArrayList<>();
    boolean anyBoot = plan.disks().stream().anyMatch(MachinePlan.Disk::boot);
    for (MachinePlan.Disk each : plan.disks()) {
      long bytes = (each.bytes() + DISK_UNIT - 1) / DISK_UNIT * DISK_UNIT;
      if (bytes != each.bytes()) {
        notes.add(each.label() + " is " + (bytes - each.bytes()) + " bytes larger, all zero");
      }
      DiskAttachment like =
          diskAttachment()
              .bootable(anyBoot ? each.boot() : disks.isEmpty())
              .active(true)
              .interface_(
                  disks.size() < SATA_DISKS ? DiskInterface.SATA : DiskInterface.VIRTIO_SCSI)
              .disk(disk().format(DiskFormat.RAW))
              .build();
      disks.add(new NewMachine.Source(each.label(), List.of(each.content()), like, bytes));
    }
    Vm like = hardware(plan).nics(nics(plan, request, notes)).build();
    VmClone.Cloned made =
        new NewMachine(rhv, datastore)
            .build(
                new NewMachine.Wanted(
                    request.name(),
                    like,
                    disks,
                    request.keepMacs(),
                    request.powerOn(),
                    request.limit()));
    notes.addAll(0, made.notes());
    notes.add(
        "disks are on AHCI, from the fifth on virtio-scsi, and network cards are e1000: change"
            + " them to virtio when the guest has its drivers");
    notes.add("the guest's type is a general one: set the exact one in the engine");
    return new VmClone.Cloned(made.vm(), made.folder(), made.files(), notes);
  }

  private static VmBuilder hardware(MachinePlan plan) {
    BiosType type =
        switch (plan.firmware()) {
          case BIOS -> BiosType.Q35_SEA_BIOS;
          case UEFI -> BiosType.Q35_OVMF;
          case UEFI_SECURE -> BiosType.Q35_SECURE_BOOT;
        };
    String os =
        switch (plan.guest()) {
          case WINDOWS -> "windows_2019x64";
          case LINUX -> "other_linux";
          case OTHER -> "other";
        };
    return new VmBuilder()
        .memory(BigInteger.valueOf(plan.memoryMib() << 20))
        .cpu(
            cpu()
                .topology(
                    cpuTopology()
                        .sockets(plan.cpus() / plan.coresPerSocket())
                        .cores(plan.coresPerSocket())
                        .threads(1)))
        .bios(bios().type(type))
        .os(operatingSystem().type(os));
  }

  private List<Nic> nics(MachinePlan plan, VmConvert.Request request, List<String> notes) {
    List<VnicProfile> profiles =
        plan.cards().isEmpty()
            ? List.of()
            : rhv.session()
                .read(
                    "The engine cannot list its vNIC profiles",
                    system -> system.vnicProfilesService().list().send().profiles());
    List<Nic> nics = new ArrayList<>();
    for (MachinePlan.Card each : plan.cards()) {
      String network = request.network().isEmpty() ? each.network() : request.network();
      Optional<VnicProfile> profile =
          profiles.stream().filter(found -> network.equals(found.name())).findFirst();
      if (profile.isEmpty() && !request.network().isEmpty()) {
        throw DvxException.of(Kind.NOT_FOUND, "The engine has no vNIC profile " + network)
            .cause("It has " + profiles.stream().map(VnicProfile::name).toList())
            .remedy("Name one of them")
            .build();
      }
      NicBuilder card = nic().name(each.name()).interface_(NicInterface.E1000);
      if (!each.mac().isEmpty()) {
        card.mac(mac().address(each.mac()));
      }
      if (profile.isPresent()) {
        card.vnicProfile(profile.get());
      } else {
        notes.add(each.name() + " is on no network: there is no vNIC profile \"" + network + "\"");
      }
      nics.add(card.build());
    }
    return nics;
  }
}
