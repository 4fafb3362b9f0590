package org.opendvx.rhv.restore;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.opendvx.core.datastore.Datastore;
import org.opendvx.core.datastore.FileKey;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.vm.VmDescription;
import org.opendvx.core.vm.VmDescription.VmDisk;
import org.opendvx.rhv.inventory.ImagePath;
import org.opendvx.rhv.inventory.SavedMachine;
import org.ovirt.engine.sdk4.types.DiskAttachment;
import org.ovirt.engine.sdk4.types.DiskFormat;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Adds the layers that belong to a template to the disks of a thin machine. The engine does not
 * name them with the machine; the lowest layer's file does: vdsm writes the name of the template's
 * volume, which it links into the disk's own folder, or {@code ../DISK/VOLUME} as it did before.
 * Both are on the disk's domain.
 */
public final class TemplateLayers {
  private static final Logger LOG = LoggerFactory.getLogger(TemplateLayers.class);
  private static final String UUID = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}";

  /** The end of a name of a file below. */
  private static final Pattern NAME = Pattern.compile("(?:.*?/?(" + UUID + ")/)?(" + UUID + ")");

  private static final int MOST = 64;

  private final DomainFiles files;

  /** Over the datastore under the domain. */
  public TemplateLayers(Datastore datastore) {
    this.files = new DomainFiles(datastore);
  }

  /** The machine with whole chains; as it was where a file cannot be read or understood. */
  public VmDescription complete(VmDescription vm) {
    List<VmDisk> disks = new ArrayList<>();
    List<String> all = new ArrayList<>(vm.files());
    boolean more = false;
    for (VmDisk disk : vm.disks()) {
      List<String> below = below(vm, disk);
      if (below.isEmpty()) {
        disks.add(disk);
        continue;
      }
      more = true;
      List<String> chain = new ArrayList<>(disk.chain());
      chain.addAll(below);
      disks.add(new VmDisk(disk.label(), chain, disk.capacityBytes(), disk.serial(), disk.scsi()));
      all.addAll(below);
    }
    return more
        ? new VmDescription(
            vm.ref(),
            vm.name(),
            vm.power(),
            vm.host(),
            vm.biosUuid(),
            vm.instanceUuid(),
            all,
            disks,
            vm.foreignDisks(),
            vm.configuration(),
            vm.hardware(),
            vm.hypervisorSnapshots(),
            vm.macs())
        : vm;
  }

  private List<String> below(VmDescription vm, VmDisk disk) {
    try {
      SavedMachine machine = SavedMachine.parse(vm.hardware().getOrDefault(SavedMachine.KEY, ""));
      DiskAttachment like = NewMachine.attachment(machine, disk);
      // As the engine says: a guest can write what it likes at the start of a raw disk.
      boolean qcow2 = like.disk().formatPresent() && like.disk().format() == DiskFormat.COW;
      return qcow2 ? follow(disk) : List.of();
    } catch (DvxException e) {
      LOG.warn("the layers below {} of {} are not known: {}", disk.label(), vm.name(), e.render());
      return List.of();
    }
  }

  /** Goes down the known layers to the lowest, and from there by what the files say. */
  private List<String> follow(VmDisk disk) {
    List<String> found = new ArrayList<>();
    List<String> known = disk.chain();
    String path = known.getFirst();
    for (int depth = 1; depth <= MOST; depth++) {
      Optional<FileKey> file = files.find(path);
      if (file.isEmpty()) {
        return List.of();
      }
      Qcow2Layer layer = new Qcow2Layer(files, file.get());
      if (depth < known.size()) {
        path = known.get(depth);
      } else {
        Optional<String> next =
            layer.backed() ? named(path, layer.backingName()) : Optional.empty();
        if (next.isEmpty() || known.contains(next.get()) || found.contains(next.get())) {
          // What is missing is refused when a disk is to be made of it.
          return found;
        }
        path = next.get();
        found.add(path);
      }
      if (!layer.backingFormat().equals("qcow2")) {
        return found;
      }
    }
    return found;
  }

  private Optional<String> named(String above, String name) {
    Optional<ImagePath> own = ImagePath.parse(above);
    Matcher matcher = NAME.matcher(name);
    if (own.isEmpty() || !matcher.matches()) {
      LOG.warn("the file below {} has a name that is not vdsm's: {}", above, name);
      return Optional.empty();
    }
    String folder = own.get().folder();
    String domain = own.get().domain();
    String disk = matcher.group(1);
    for (String each : disk == null ? List.of(own.get().disk()) : List.of(own.get().disk(), disk)) {
      String path = new ImagePath(folder, domain, each, matcher.group(2)).path();
      if (files.find(path).isPresent()) {
        return Optional.of(path);
      }
    }
    LOG.warn("the file below {} is not there: {}", above, name);
    return Optional.empty();
  }
}
