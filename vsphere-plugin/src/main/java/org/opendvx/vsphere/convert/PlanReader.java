package org.opendvx.vsphere.convert;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.TreeSet;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.vm.FrozenFiles;
import org.opendvx.core.vm.MachinePlan;
import org.opendvx.core.vm.VmDescription;
import org.opendvx.vsphere.vmx.VmxFile;

/** Reads a saved machine of vSphere in the words that hypervisors share. */
public final class PlanReader {
  private static final int MAX_TEXT = 1 << 20;
  private static final String TRUE = "true";

  private final FrozenFiles files;
  private final VmDescription saved;

  /** Of a restore point. */
  public PlanReader(FrozenFiles files, VmDescription saved) {
    this.files = files;
    this.saved = saved;
  }

  /**
   * Reads it.
   *
   * @throws DvxException UNSUPPORTED when a disk has layers or another form, or the machine is
   *     encrypted
   */
  public MachinePlan read() {
    if (saved.configuration().isEmpty()) {
      throw refused("Its configuration file is not on the datastore");
    }
    VmxFile vmx = VmxFile.parse(files.read(saved.configuration(), MAX_TEXT));
    if (vmx.keys().stream().anyMatch(key -> key.startsWith("encryption."))) {
      throw refused("It is encrypted: the keys are vCenter's");
    }
    int cpus = number(vmx, "numvcpus", 1);
    int cores = number(vmx, "cpuid.corespersocket", 1);
    return new MachinePlan(
        cpus,
        cpus % cores == 0 ? cores : 1,
        number(vmx, "memsize", 1024),
        firmware(vmx),
        guest(vmx.get("guestos").orElse("")),
        cards(vmx),
        disks(),
        left(vmx));
  }

  private static int number(VmxFile vmx, String key, int otherwise) {
    return vmx.get(key)
        .map(String::strip)
        .filter(text -> text.matches("[1-9]\\d{0,8}"))
        .map(Integer::parseInt)
        .orElse(otherwise);
  }

  private static boolean is(VmxFile vmx, String key) {
    return vmx.get(key).map(value -> value.equalsIgnoreCase(TRUE)).orElse(false);
  }

  private static MachinePlan.Firmware firmware(VmxFile vmx) {
    if (!vmx.get("firmware").map(value -> value.equalsIgnoreCase("efi")).orElse(false)) {
      return MachinePlan.Firmware.BIOS;
    }
    return is(vmx, "uefi.secureboot.enabled")
        ? MachinePlan.Firmware.UEFI_SECURE
        : MachinePlan.Firmware.UEFI;
  }

  private static MachinePlan.Guest guest(String id) {
    String name = id.toLowerCase(Locale.ROOT);
    if (name.startsWith("win")) {
      return MachinePlan.Guest.WINDOWS;
    }
    boolean linux =
        name.matches(".*(linux|rhel|centos|debian|ubuntu|sles|suse|fedora|asianux|photon|rocky).*");
    return linux ? MachinePlan.Guest.LINUX : MachinePlan.Guest.OTHER;
  }

  private static List<MachinePlan.Card> cards(VmxFile vmx) {
    List<MachinePlan.Card> cards = new ArrayList<>();
    for (int i = 0; i < 10; i++) {
      String card = "ethernet" + i;
      if (is(vmx, card + ".present")) {
        cards.add(
            new MachinePlan.Card(
                "nic" + (cards.size() + 1),
                vmx.get(card + ".networkname").orElse(""),
                vmx.get(card + ".address")
                    .or(() -> vmx.get(card + ".generatedaddress"))
                    .orElse("")
                    .toLowerCase(Locale.ROOT)));
      }
    }
    return cards;
  }

  private List<MachinePlan.Disk> disks() {
    List<MachinePlan.Disk> disks = new ArrayList<>();
    for (VmDescription.VmDisk each : saved.disks()) {
      if (each.chain().size() != 2 || saved.hypervisorSnapshots()) {
        throw refused(
            each.label() + " has layers: snapshots of vCenter, or a linked clone's parent");
      }
      String descriptor = each.chain().getFirst();
      String data = each.chain().getLast();
      FlatDisk flat =
          FlatDisk.parse(files.read(descriptor, MAX_TEXT))
              .filter(found -> data.endsWith("/" + found.extent()))
              .orElseThrow(() -> refused(each.label() + " is not one flat file"));
      if (files.attributes(data).size() > flat.bytes()) {
        throw refused(each.label() + " has more data than its descriptor tells of");
      }
      disks.add(new MachinePlan.Disk(each.label(), files.key(data), flat.bytes(), disks.isEmpty()));
    }
    return disks;
  }

  private static List<String> left(VmxFile vmx) {
    TreeSet<String> left = new TreeSet<>();
    for (String key : vmx.keys()) {
      String value = vmx.get(key).orElse("").toLowerCase(Locale.ROOT);
      boolean on = value.equals(TRUE);
      if (key.matches("(ide|sata|scsi)\\d+:\\d+\\.devicetype") && value.contains("cdrom")) {
        left.add("CD-ROM drives");
      } else if (on && key.equals("vtpm.present")) {
        left.add("the virtual TPM (keep the recovery keys of encrypted volumes at hand)");
      } else if (on && key.matches("(floppy|serial|parallel)\\d+\\.present|sound\\.present")) {
        left.add("floppy, serial, parallel and sound devices");
      } else if (on && key.matches("pcipassthru\\d+\\.present|usb.*:\\d+\\.present")) {
        left.add("host devices");
      }
    }
    if (firmware(vmx) != MachinePlan.Firmware.BIOS) {
      left.add("UEFI variables: the guest is started by the default loader of its boot disk");
    }
    left.add("tags, permissions, reservations, affinity, advanced settings");
    return List.copyOf(left);
  }

  private DvxException refused(String why) {
    return DvxException.of(Kind.UNSUPPORTED, "The machine " + saved.name() + " cannot be converted")
        .cause(why)
        .remedy("Consolidate its disks or move it to plain disks, and take another snapshot")
        .detail("vm", saved.ref())
        .build();
  }
}
