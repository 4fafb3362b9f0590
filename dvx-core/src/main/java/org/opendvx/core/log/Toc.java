package org.opendvx.core.log;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.log.ContainerFormat.Footer;

/** The table of contents of a container, without fingerprints, as it is kept in memory. */
final class Toc {
  private final long container;
  private final int[] offsets;
  private final char[] lengths;

  /** Ascending; only for containers of moved slots. */
  private final long @Nullable [] addresses;

  private Toc(long container, int[] offsets, char[] lengths, long @Nullable [] addresses) {
    this.container = container;
    this.offsets = offsets;
    this.lengths = lengths;
    this.addresses = addresses;
  }

  /**
   * Reads and checks a table.
   *
   * @param bytes its entries from {@code at}
   * @throws org.opendvx.core.error.DvxException CORRUPT
   */
  static Toc parse(long container, Footer footer, byte[] bytes, int at) {
    int count = footer.count();
    if (ContainerFormat.crc(bytes, at, count * ContainerFormat.TOC_ENTRY) != footer.tocCrc()) {
      throw ContainerFormat.corrupt(container, "its table of contents is damaged");
    }
    boolean moved = footer.kind() == ContainerKind.MOVED;
    int[] offsets = new int[count];
    char[] lengths = new char[count];
    long[] addresses = new long[moved ? count : 0];
    for (int i = 0; i < count; i++) {
      int entry = at + i * ContainerFormat.TOC_ENTRY;
      long address = ContainerFormat.getLong(bytes, entry);
      int offset = ContainerFormat.getInt(bytes, entry + ContainerFormat.ENTRY_OFFSET);
      int length = ContainerFormat.getInt(bytes, entry + ContainerFormat.ENTRY_LENGTH);
      if (offset < ContainerFormat.HEADER
          || length < 0
          || length > ContainerFormat.MAX_SLOT_LENGTH
          || offset > footer.tocOffset() - length) {
        throw ContainerFormat.corrupt(container, "entry " + i + " lies outside of it");
      }
      if (moved) {
        addresses[i] = address;
        if (i > 0 && addresses[i - 1] >= address) {
          throw ContainerFormat.corrupt(container, "entry " + i + " is out of order");
        }
      } else if (address != ChunkAddress.of(container, i)) {
        throw ContainerFormat.corrupt(container, "entry " + i + " has another address");
      }
      offsets[i] = offset;
      lengths[i] = (char) length;
    }
    return new Toc(container, offsets, lengths, moved ? addresses : null);
  }

  /** The physical container that it describes. */
  long container() {
    return container;
  }

  /** The entry of an address that has bytes here; -1 when there is none. */
  int entryOf(long address) {
    int entry;
    if (addresses != null) {
      entry = Arrays.binarySearch(addresses, address);
    } else {
      entry = ChunkAddress.container(address) == container ? ChunkAddress.slot(address) : -1;
    }
    return entry >= 0 && entry < lengths.length && lengths[entry] != 0 ? entry : -1;
  }

  int offset(int entry) {
    return offsets[entry];
  }

  int length(int entry) {
    return lengths[entry];
  }

  /** Bytes of memory, about. */
  int weight() {
    return 96 + 6 * offsets.length + (addresses == null ? 0 : 8 * addresses.length);
  }
}
