package org.opendvx.coordinator.session;

import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import org.opendvx.coordinator.protocol.Machine;
import org.opendvx.core.vm.VmDescription;

/** Compares what a guest says of its machine with what the hypervisor knows of it. */
final class Residency {
  private static final int HEX = 32;

  private Residency() {}

  /** A BIOS UUID without hyphens, lower case; empty when it is none. */
  static String plain(String uuid) {
    String hex = uuid.replace("-", "").toLowerCase(Locale.ROOT);
    return hex.matches("[0-9a-f]{" + HEX + "}") ? hex : "";
  }

  /** The same with the first three fields in the other byte order, as SMBIOS 2.6 changed it. */
  static String swapped(String plain) {
    return reversed(plain, 0, 8)
        + reversed(plain, 8, 12)
        + reversed(plain, 12, 16)
        + plain.substring(16);
  }

  private static String reversed(String hex, int from, int to) {
    StringBuilder text = new StringBuilder();
    for (int at = to - 2; at >= from; at -= 2) {
      text.append(hex, at, at + 2);
    }
    return text.toString();
  }

  /** With hyphens. */
  static String hyphened(String plain) {
    return String.join(
        "-",
        plain.substring(0, 8),
        plain.substring(8, 12),
        plain.substring(12, 16),
        plain.substring(16, 20),
        plain.substring(20));
  }

  /** Whether two BIOS UUIDs are one, in either byte order; true when one of them is not known. */
  static boolean sameBios(String one, String other) {
    String a = plain(one);
    String b = plain(other);
    return a.isEmpty() || b.isEmpty() || a.equals(b) || swapped(a).equals(b);
  }

  /** Whether the guest has one of the machine's network cards. */
  static boolean sharesMac(Machine guest, VmDescription vm) {
    Set<String> known = new TreeSet<>();
    vm.macs().forEach(mac -> known.add(mac.toLowerCase(Locale.ROOT)));
    return guest.macs().stream().anyMatch(known::contains);
  }

  /**
   * Whether what the guest says can be true of the machine. Without addresses in the inventory the
   * BIOS UUID alone must be known and equal.
   */
  static boolean plausible(Machine guest, VmDescription vm) {
    if (!sameBios(guest.biosUuid(), vm.biosUuid())) {
      return false;
    }
    return vm.macs().isEmpty()
        ? !plain(guest.biosUuid()).isEmpty() && !plain(vm.biosUuid()).isEmpty()
        : sharesMac(guest, vm);
  }
}
