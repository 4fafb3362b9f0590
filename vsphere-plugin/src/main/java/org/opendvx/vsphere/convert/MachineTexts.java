package org.opendvx.vsphere.convert;

import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.opendvx.core.vm.MachineFolder;
import org.opendvx.core.vm.MachinePlan;
import org.opendvx.core.vm.VmConvert;

/**
 * The files of a new machine of vSphere. Disks are on AHCI controllers and cards are e1000e: any
 * guest of the last decade has drivers for both. Hardware version 14, for ESXi 6.7 and later.
 */
public final class MachineTexts {
  private static final int DISKS_A_CONTROLLER = 30;

  private final MachinePlan plan;
  private final VmConvert.Request request;
  private final SecureRandom random = new SecureRandom();

  /** Of this plan. */
  public MachineTexts(MachinePlan plan, VmConvert.Request request) {
    this.plan = plan;
    this.request = request;
  }

  /** The name of the configuration file. */
  public String configurationName() {
    return request.name() + ".vmx";
  }

  /** The disks' data by file name. */
  public Map<String, MachineFolder.Data> data() {
    Map<String, MachineFolder.Data> data = new LinkedHashMap<>();
    for (int i = 0; i < plan.disks().size(); i++) {
      MachinePlan.Disk disk = plan.disks().get(i);
      data.put(flat(i), new MachineFolder.Data(disk.content(), disk.bytes()));
    }
    return data;
  }

  /** Configuration and descriptors by file name. */
  public Map<String, byte[]> texts() {
    Map<String, byte[]> texts = new LinkedHashMap<>();
    for (int i = 0; i < plan.disks().size(); i++) {
      FlatDisk disk = new FlatDisk(flat(i), plan.disks().get(i).bytes());
      texts.put(descriptor(i), disk.descriptor(random.nextInt()));
    }
    texts.put(configurationName(), configuration());
    return texts;
  }

  private String descriptor(int disk) {
    return request.name() + (disk == 0 ? "" : "_" + disk) + ".vmdk";
  }

  private String flat(int disk) {
    return request.name() + (disk == 0 ? "" : "_" + disk) + "-flat.vmdk";
  }

  private byte[] configuration() {
    List<String> lines = new ArrayList<>();
    set(lines, ".encoding", "UTF-8");
    set(lines, "config.version", "8");
    set(lines, "virtualHW.version", "14");
    set(lines, "displayName", request.name());
    set(lines, "guestOS", guest());
    set(lines, "numvcpus", Integer.toString(plan.cpus()));
    set(lines, "cpuid.coresPerSocket", Integer.toString(plan.coresPerSocket()));
    set(lines, "memSize", Long.toString(plan.memoryMib()));
    if (plan.firmware() != MachinePlan.Firmware.BIOS) {
      set(lines, "firmware", "efi");
    }
    if (plan.firmware() == MachinePlan.Firmware.UEFI_SECURE) {
      set(lines, "uefi.secureBoot.enabled", "TRUE");
    }
    // ESXi attaches e1000e cards to these.
    set(lines, "pciBridge0.present", "TRUE");
    set(lines, "pciBridge4.present", "TRUE");
    set(lines, "pciBridge4.virtualDev", "pcieRootPort");
    set(lines, "pciBridge4.functions", "8");
    set(lines, "vmci0.present", "TRUE");
    disks(lines);
    cards(lines);
    return (String.join("\n", lines) + "\n").getBytes(StandardCharsets.UTF_8);
  }

  private String guest() {
    return switch (plan.guest()) {
      case WINDOWS -> "windows2019srv-64";
      case LINUX -> "other4xlinux-64";
      case OTHER -> "other-64";
    };
  }

  private void disks(List<String> lines) {
    for (int i = 0; i < plan.disks().size(); i++) {
      int controller = i / DISKS_A_CONTROLLER;
      int unit = i % DISKS_A_CONTROLLER;
      if (unit == 0) {
        set(lines, "sata" + controller + ".present", "TRUE");
      }
      String slot = "sata" + controller + ":" + unit;
      set(lines, slot + ".present", "TRUE");
      set(lines, slot + ".deviceType", "disk");
      set(lines, slot + ".fileName", descriptor(i));
    }
    Optional<MachinePlan.Disk> boot =
        plan.disks().stream().filter(MachinePlan.Disk::boot).findFirst();
    boot.map(disk -> plan.disks().indexOf(disk))
        .filter(index -> index > 0)
        .ifPresent(
            index ->
                set(
                    lines,
                    "bios.hddOrder",
                    "sata" + index / DISKS_A_CONTROLLER + ":" + index % DISKS_A_CONTROLLER));
  }

  private void cards(List<String> lines) {
    for (int i = 0; i < plan.cards().size(); i++) {
      MachinePlan.Card card = plan.cards().get(i);
      String name = "ethernet" + i;
      String network = request.network().isEmpty() ? card.network() : request.network();
      set(lines, name + ".present", "TRUE");
      set(lines, name + ".virtualDev", "e1000e");
      set(lines, name + ".networkName", network);
      if (request.keepMacs() && !card.mac().isEmpty()) {
        set(lines, name + ".addressType", "static");
        set(lines, name + ".address", card.mac());
        // The address need not be one of VMware's.
        set(lines, name + ".checkMACAddress", "FALSE");
      } else {
        set(lines, name + ".addressType", "generated");
      }
    }
  }

  /** Network names come from another system: what would end the line or the value is left out. */
  private static void set(List<String> lines, String key, String value) {
    lines.add(key + " = \"" + value.replaceAll("[\"|\\x00-\\x1f]", "_") + "\"");
  }
}
