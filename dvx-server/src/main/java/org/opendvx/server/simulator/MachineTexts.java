package org.opendvx.server.simulator;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;

/**
 * The small files of a machine: configuration (.vmx), a descriptor for each disk (.vmdk of type
 * vmfs, one flat extent), non-volatile memory and a log. Their forms are those that ESXi writes.
 */
public final class MachineTexts {
  private static final int SECTOR = 512;
  private static final int NVRAM_BYTES = 8684;
  private static final int HEADS = 255;
  private static final int SECTORS_A_TRACK = 63;

  private final SecureRandom random = new SecureRandom();
  private final EsxMachine machine;

  /** Texts of this machine. */
  public MachineTexts(EsxMachine machine) {
    this.machine = machine;
  }

  /** Writes them into a local folder and returns their names. */
  public List<String> write(Path folder) throws IOException {
    List<String> names = new ArrayList<>();
    names.add(machine.name() + ".vmx");
    Files.writeString(folder.resolve(names.getLast()), configuration());
    names.add(machine.name() + ".nvram");
    Files.write(folder.resolve(names.getLast()), nvram());
    names.add("vmware.log");
    Files.writeString(folder.resolve(names.getLast()), log());
    for (int disk = 0; disk < machine.diskBytes().size(); disk++) {
      names.add(machine.descriptor(disk));
      Files.writeString(folder.resolve(names.getLast()), descriptor(disk));
    }
    return names;
  }

  private String configuration() {
    List<String> lines = new ArrayList<>();
    lines.add(".encoding = \"UTF-8\"");
    lines.add("config.version = \"8\"");
    lines.add("virtualHW.version = \"13\"");
    lines.add("displayName = \"" + machine.name() + "\"");
    lines.add("guestOS = \"debian10-64\"");
    lines.add("memSize = \"2048\"");
    lines.add("numvcpus = \"2\"");
    lines.add("nvram = \"" + machine.name() + ".nvram\"");
    lines.add("uuid.bios = \"" + uuid() + "\"");
    lines.add("vc.uuid = \"" + uuid() + "\"");
    lines.add("vm.genid = \"" + random.nextLong() + "\"");
    lines.add("vm.genidX = \"" + random.nextLong() + "\"");
    lines.add("ethernet0.present = \"TRUE\"");
    lines.add("ethernet0.virtualDev = \"vmxnet3\"");
    lines.add("ethernet0.networkName = \"VM Network\"");
    lines.add("ethernet0.addressType = \"generated\"");
    lines.add("ethernet0.generatedAddress = \"00:0c:29:" + hex(3, ":") + "\"");
    lines.add("scsi0.present = \"TRUE\"");
    lines.add("scsi0.virtualDev = \"pvscsi\"");
    lines.addAll(machine.diskSettings());
    return String.join("\n", lines) + "\n";
  }

  private String descriptor(int disk) {
    long sectors = machine.diskBytes().get(disk) / SECTOR;
    return """
    # Disk DescriptorFile
    version=1
    encoding="UTF-8"
    CID=%s
    parentCID=ffffffff
    isNativeSnapshot="no"
    createType="vmfs"

    # Extent description
    RW %d VMFS "%s"

    # The Disk Data Base
    #DDB

    ddb.adapterType = "lsilogic"
    ddb.geometry.cylinders = "%d"
    ddb.geometry.heads = "%d"
    ddb.geometry.sectors = "%d"
    ddb.thinProvisioned = "1"
    ddb.uuid = "%s"
    ddb.virtualHWVersion = "13"
    """
        .formatted(
            hex(4, ""),
            sectors,
            machine.flat(disk),
            sectors / (HEADS * SECTORS_A_TRACK),
            HEADS,
            SECTORS_A_TRACK,
            uuid());
  }

  private byte[] nvram() {
    byte[] bytes = new byte[NVRAM_BYTES];
    byte[] magic = "MRVN".getBytes(StandardCharsets.US_ASCII);
    random.nextBytes(bytes);
    System.arraycopy(magic, 0, bytes, 0, magic.length);
    return bytes;
  }

  private String log() {
    StringBuilder text = new StringBuilder();
    for (int line = 0; line < 200; line++) {
      text.append(
          String.format(
              Locale.ROOT,
              "2024-01-01T00:%02d:%02d.000Z| vmx| I125: %s: line %d of the demonstration's log%n",
              line / 60,
              line % 60,
              machine.name(),
              line));
    }
    return text.toString();
  }

  /** As configuration files have it: {@code 56 4d 12 ..-.. .. ..}. */
  private String uuid() {
    return hex(8, " ") + "-" + hex(8, " ");
  }

  private String hex(int count, String between) {
    byte[] bytes = new byte[count];
    random.nextBytes(bytes);
    return between.isEmpty()
        ? HexFormat.of().formatHex(bytes)
        : HexFormat.ofDelimiter(between).formatHex(bytes);
  }
}
