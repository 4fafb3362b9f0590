package org.opendvx.core.log;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.fuzz.Checks;
import org.opendvx.core.fuzz.FuzzTarget;

/** A container's end: footer and table of contents, read as a reader reads them. */
public final class ContainerFuzz implements FuzzTarget {
  private static final long ID = 5;

  /** Found by name. */
  public ContainerFuzz() {}

  @Override
  public String name() {
    return "container";
  }

  @Override
  public List<byte[]> seeds() {
    List<byte[]> seeds = new ArrayList<>();
    seeds.add(container(ContainerKind.DATA, 3));
    seeds.add(container(ContainerKind.META, 1));
    seeds.add(container(ContainerKind.MOVED, 7));
    seeds.add(container(ContainerKind.DATA, 0));
    return seeds;
  }

  private static byte[] container(ContainerKind kind, int slots) {
    int tocAt = ContainerFormat.HEADER + 50 * slots;
    int tocLength = slots * ContainerFormat.TOC_ENTRY;
    byte[] bytes = new byte[tocAt + tocLength + ContainerFormat.FOOTER];
    byte[] toc = new byte[tocLength];
    ContainerFormat.writeHeader(bytes, kind, ID, 1);
    for (int i = 0; i < slots; i++) {
      long of = kind == ContainerKind.MOVED ? 2 + i : ID;
      long address = ChunkAddress.of(of, kind == ContainerKind.MOVED ? 9 : i);
      ContainerFormat.writeEntry(toc, i, address, ContainerFormat.HEADER + 50 * i, 50, i, -i);
    }
    System.arraycopy(toc, 0, bytes, tocAt, tocLength);
    ContainerFormat.writeFooter(bytes, tocAt + tocLength, kind, ID, tocAt, slots);
    return bytes;
  }

  @Override
  public void repair(byte[] input) {
    int footer = input.length - ContainerFormat.FOOTER;
    if (footer < 0) {
      return;
    }
    int tocAt = ContainerFormat.getInt(input, footer + 16);
    Checks.putCrc(input, tocAt, footer, footer + 24);
    Checks.putCrc(input, footer, footer + 60, footer + 60);
  }

  @Override
  public void check(byte[] input) {
    if (input.length < ContainerFormat.FOOTER) {
      return;
    }
    try {
      int at = input.length - ContainerFormat.FOOTER;
      ContainerFormat.Footer footer = ContainerFormat.readFooter(input, at, ID, input.length);
      Toc toc = Toc.parse(ID, footer, input, footer.tocOffset());
      for (int i = 0; i < footer.count(); i++) {
        Checks.holds(
            toc.offset(i) >= 0 && toc.offset(i) + toc.length(i) <= footer.tocOffset(),
            "a slot outside of the slots");
        long address =
            ContainerFormat.getLong(input, footer.tocOffset() + i * ContainerFormat.TOC_ENTRY);
        Checks.holds(
            toc.length(i) == 0 || toc.entryOf(address) == i, "an entry is not found again");
      }
      byte[] again = Arrays.copyOf(input, input.length);
      ContainerFormat.writeFooter(again, at, footer.kind(), ID, footer.tocOffset(), footer.count());
      Checks.holds(
          ContainerFormat.readFooter(again, at, ID, input.length).equals(footer),
          "a footer changed");
    } catch (DvxException e) {
      Checks.refused(e);
    }
  }
}
