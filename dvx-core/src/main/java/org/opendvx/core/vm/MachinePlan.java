package org.opendvx.core.vm;

import java.util.List;
import org.opendvx.core.datastore.FileKey;

/**
 * A machine in the words that hypervisors share: what can be taken from one to another.
 *
 * @param cpus virtual processors
 * @param coresPerSocket a divisor of {@code cpus}
 * @param memoryMib memory in MiB
 * @param cards network cards in order
 * @param disks in order, at least one
 * @param left what is not taken along, each in words for a person
 */
public record MachinePlan(
    int cpus,
    int coresPerSocket,
    long memoryMib,
    Firmware firmware,
    Guest guest,
    List<Card> cards,
    List<Disk> disks,
    List<String> left) {

  /** What starts the guest. */
  public enum Firmware {
    BIOS,
    UEFI,
    UEFI_SECURE
  }

  /** The family of the guest's system. */
  public enum Guest {
    WINDOWS,
    LINUX,
    OTHER
  }

  /**
   * A network card.
   *
   * @param network the network's name where the machine comes from, empty when unknown
   * @param mac its address, lower case with colons, empty when unknown
   */
  public record Card(String name, String network, String mac) {}

  /**
   * A disk whose content is raw bytes.
   *
   * @param content the frozen file; beyond its end are zeros
   * @param bytes its size as the guest sees it, a multiple of 512
   */
  public record Disk(String label, FileKey content, long bytes, boolean boot) {}
}
