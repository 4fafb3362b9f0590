package org.opendvx.server.guest;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;

/**
 * What the guest's kernel would show of its virtual machine, for the agent's {@code
 * linux.sysFolder}: disks, a network card, the BIOS UUID. Of the machine's other disks it shows
 * none, so that no agent that reads it can freeze them.
 *
 * @param biosUuid as the hypervisor tells it, with hyphens
 * @param mac of the network card
 */
public record GuestMachine(String biosUuid, String mac) {
  private static final int SYSTEM_INFORMATION = 1;
  private static final int LENGTH = 27;
  private static final int UUID_AT = 8;

  /** Writes it below a folder. */
  void write(Path sys, List<GuestDisk> disks) throws IOException {
    Path card = Files.createDirectories(sys.resolve("class/net/eth0"));
    Files.createDirectory(card.resolve("device"));
    Files.writeString(card.resolve("type"), "1\n");
    Files.writeString(card.resolve("address"), mac + "\n");
    Path dmi = Files.createDirectories(sys.resolve("firmware/dmi/tables"));
    Files.write(dmi.resolve("DMI"), table());
    Path numbers = Files.createDirectories(sys.resolve("dev/block"));
    for (int i = 0; i < disks.size(); i++) {
      Path disk = Files.createDirectories(sys.resolve("block/sd" + (char) ('a' + i)));
      Files.writeString(disk.resolve("serial"), "dvx-disk-" + i + "\n");
      Files.createSymbolicLink(numbers.resolve(disks.get(i).number()), disk);
    }
  }

  /**
   * An SMBIOS table with nothing but the UUID, its first three fields in the little-endian order.
   */
  private byte[] table() {
    byte[] uuid = HexFormat.of().parseHex(biosUuid.replace("-", ""));
    byte[] table = new byte[LENGTH + 2];
    table[0] = SYSTEM_INFORMATION;
    table[1] = LENGTH;
    int[] order = {3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};
    for (int i = 0; i < order.length; i++) {
      table[UUID_AT + i] = uuid[order[i]];
    }
    return table;
  }
}
