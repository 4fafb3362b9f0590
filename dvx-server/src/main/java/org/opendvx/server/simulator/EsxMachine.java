package org.opendvx.server.simulator;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/**
 * A machine and the names of its files, as ESXi names them.
 *
 * @param diskBytes size of each disk
 */
public record EsxMachine(String name, List<Long> diskBytes) {
  private static final int RESERVED_UNIT = 7;

  /** Takes the sizes as they are. */
  public EsxMachine {
    diskBytes = List.copyOf(diskBytes);
  }

  /** Its folder, from the datastore's root. */
  public String folder() {
    return "/" + name;
  }

  /** Its configuration file, from the datastore's root. */
  public String configuration() {
    return folder() + "/" + name + ".vmx";
  }

  /** The descriptor of a disk, in the folder. */
  public String descriptor(int disk) {
    return stem(disk) + ".vmdk";
  }

  /** The data file of a disk, in the folder. */
  public String flat(int disk) {
    return stem(disk) + "-flat.vmdk";
  }

  /** The data files of all disks, in the folder. */
  public List<String> flats() {
    return IntStream.range(0, diskBytes.size()).mapToObj(this::flat).toList();
  }

  private String stem(int disk) {
    return disk == 0 ? name : name + "_" + disk;
  }

  /** The unit of a disk at its controller; the controller itself takes one. */
  static int unit(int disk) {
    return disk < RESERVED_UNIT ? disk : disk + 1;
  }

  /** The lines of the configuration file about the disks. */
  List<String> diskSettings() {
    List<String> lines = new ArrayList<>();
    for (int disk = 0; disk < diskBytes.size(); disk++) {
      String slot = "scsi0:" + unit(disk);
      lines.add(slot + ".present = \"TRUE\"");
      lines.add(slot + ".deviceType = \"scsi-hardDisk\"");
      lines.add(slot + ".fileName = \"" + descriptor(disk) + "\"");
    }
    return lines;
  }
}
