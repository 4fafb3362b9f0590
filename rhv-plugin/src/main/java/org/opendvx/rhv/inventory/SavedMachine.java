package org.opendvx.rhv.inventory;

import static org.ovirt.engine.sdk4.builders.Builders.disk;
import static org.ovirt.engine.sdk4.builders.Builders.diskAttachment;
import static org.ovirt.engine.sdk4.builders.Builders.nic;

import java.io.StringReader;
import java.io.StringWriter;
import java.util.ArrayList;
import java.util.List;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.ovirt.api.metamodel.runtime.xml.XmlReader;
import org.ovirt.api.metamodel.runtime.xml.XmlWriter;
import org.ovirt.engine.sdk4.builders.DiskAttachmentBuilder;
import org.ovirt.engine.sdk4.builders.DiskBuilder;
import org.ovirt.engine.sdk4.builders.DisplayBuilder;
import org.ovirt.engine.sdk4.builders.NicBuilder;
import org.ovirt.engine.sdk4.builders.VmBuilder;
import org.ovirt.engine.sdk4.internal.xml.XmlVmReader;
import org.ovirt.engine.sdk4.internal.xml.XmlVmWriter;
import org.ovirt.engine.sdk4.types.Disk;
import org.ovirt.engine.sdk4.types.DiskAttachment;
import org.ovirt.engine.sdk4.types.Nic;
import org.ovirt.engine.sdk4.types.Vm;

/**
 * A machine's configuration as a restore point keeps it, in the engine's own XML: what a new
 * machine like it is made of, and no more. Kept under {@link #KEY} among the hardware facts.
 *
 * <p>Not kept: tags, affinity, permissions, host devices, payloads, watchdogs, NUMA pinning.
 */
public record SavedMachine(Vm vm) {
  /** The key of the fact that holds it. */
  public static final String KEY = "rhv.machine";

  private static final int MAX_TEXT = 1 << 20;

  /** Takes over what counts. */
  static SavedMachine of(Vm from, List<Nic> nics, List<DiskAttachment> attachments) {
    VmBuilder to = hardware(from).id(from.id()).name(from.name());
    List<Nic> cards = new ArrayList<>();
    for (Nic each : nics) {
      NicBuilder card = nic().name(each.name());
      if (each.macPresent()) {
        card.mac(each.mac());
      }
      if (each.vnicProfilePresent()) {
        card.vnicProfile(each.vnicProfile());
      }
      if (each.interface_Present()) {
        card.interface_(each.interface_());
      }
      cards.add(card.build());
    }
    return new SavedMachine(to.nics(cards).diskAttachments(attachments).build());
  }

  /** What a new machine takes over of an old one: no name, no id, no disks, no networks. */
  public static VmBuilder hardware(Vm from) {
    VmBuilder to = new VmBuilder();
    if (from.descriptionPresent()) {
      to.description(from.description());
    }
    if (from.commentPresent()) {
      to.comment(from.comment());
    }
    if (from.memoryPresent()) {
      to.memory(from.memory());
    }
    if (from.memoryPolicyPresent()) {
      to.memoryPolicy(from.memoryPolicy());
    }
    if (from.cpuPresent()) {
      to.cpu(from.cpu());
    }
    if (from.biosPresent()) {
      to.bios(from.bios());
    }
    if (from.osPresent()) {
      to.os(from.os());
    }
    if (from.typePresent()) {
      to.type(from.type());
    }
    if (from.highAvailabilityPresent()) {
      to.highAvailability(from.highAvailability());
    }
    if (from.timeZonePresent()) {
      to.timeZone(from.timeZone());
    }
    if (from.customPropertiesPresent()) {
      to.customProperties(from.customProperties());
    }
    if (from.displayPresent()) {
      // Address, port and certificate are those of a run that is over.
      DisplayBuilder display = new DisplayBuilder();
      if (from.display().typePresent()) {
        display.type(from.display().type());
      }
      if (from.display().monitorsPresent()) {
        display.monitors(from.display().monitors());
      }
      to.display(display);
    }
    if (from.usbPresent()) {
      to.usb(from.usb());
    }
    if (from.serialNumberPresent()) {
      to.serialNumber(from.serialNumber());
    }
    if (from.customEmulatedMachinePresent()) {
      to.customEmulatedMachine(from.customEmulatedMachine());
    }
    if (from.customCpuModelPresent()) {
      to.customCpuModel(from.customCpuModel());
    }
    if (from.customCompatibilityVersionPresent()) {
      to.customCompatibilityVersion(from.customCompatibilityVersion());
    }
    if (from.clusterPresent()) {
      to.cluster(from.cluster());
    }
    return to;
  }

  /** An attachment with what counts of its disk. */
  static DiskAttachment attachment(DiskAttachment from, Disk of) {
    DiskBuilder kept = disk().id(of.id());
    if (of.aliasPresent()) {
      kept.alias(of.alias());
    }
    if (of.imageIdPresent()) {
      kept.imageId(of.imageId());
    }
    if (of.provisionedSizePresent()) {
      kept.provisionedSize(of.provisionedSize());
    }
    if (of.formatPresent()) {
      kept.format(of.format());
    }
    DiskAttachmentBuilder to =
        diskAttachment()
            .id(of.id())
            .bootable(from.bootablePresent() && from.bootable())
            .active(!from.activePresent() || from.active())
            .disk(kept);
    if (from.interface_Present()) {
      to.interface_(from.interface_());
    }
    return to.build();
  }

  /** As text. */
  String xml() {
    StringWriter text = new StringWriter();
    try (XmlWriter writer = new XmlWriter(text, false)) {
      XmlVmWriter.writeOne(vm, writer);
      writer.flush();
    }
    return text.toString();
  }

  /**
   * Reads what {@link #xml} wrote.
   *
   * @throws DvxException CORRUPT
   */
  public static SavedMachine parse(String xml) {
    if (!xml.isEmpty() && xml.length() <= MAX_TEXT) {
      try (XmlReader reader = new XmlReader(new StringReader(xml))) {
        Vm vm = XmlVmReader.readOne(reader);
        if (vm != null) {
          return new SavedMachine(vm);
        }
      } catch (org.ovirt.api.metamodel.runtime.xml.XmlException e) {
        throw corrupt(String.valueOf(e.getMessage()));
      }
    }
    throw corrupt("it holds no machine of an engine");
  }

  private static DvxException corrupt(String why) {
    return DvxException.of(Kind.CORRUPT, "The restore point's configuration cannot be read")
        .cause(why)
        .remedy("Restore single disks; their files can be reached below /.snapshots")
        .build();
  }
}
