package org.opendvx.core.vm;

import java.util.List;
import java.util.Map;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.fuzz.Checks;
import org.opendvx.core.fuzz.FuzzTarget;

/** What a restore point keeps of its machine. */
public final class VmDocumentFuzz implements FuzzTarget {
  private static final int MOST_WRITERS = 16 << 20;

  /** Found by name. */
  public VmDocumentFuzz() {}

  @Override
  public String name() {
    return "vm-document";
  }

  @Override
  public List<byte[]> seeds() {
    VmDescription vm =
        new VmDescription(
            new VmRef("vcenter", "vm-1"),
            "web",
            PowerState.ON,
            "esx",
            "bios",
            "instance",
            List.of("/web/web.vmx", "/web/web.vmdk"),
            List.of(
                new VmDescription.VmDisk(
                    "Hard disk 1", List.of("/web/web.vmdk"), 1 << 30, "s", "0:0:0")),
            List.of(
                new VmDescription.ForeignDisk(
                    "Hard disk 2", "lun", VmDescription.ForeignDisk.Reason.RAW_DEVICE)),
            "/web/web.vmx",
            Map.of("cpus", "2"),
            true,
            List.of("00:50:56:00:00:01"));
    return List.of(
        new VmDocument(vm, new byte[] {1, 2, 3, 4}, List.of("C: FAT")).encode(),
        new VmDocument(vm, new byte[0]).encode());
  }

  @Override
  public long mostAllocated(int length) {
    // Writers' documents are packed; their limit is the one that is documented.
    return 6L * MOST_WRITERS + 256L * length;
  }

  @Override
  public void check(byte[] input) {
    try {
      byte[] written = VmDocument.decode(input).encode();
      Checks.same(written, VmDocument.decode(written).encode(), "a document");
    } catch (DvxException e) {
      Checks.refused(e);
    }
  }
}
