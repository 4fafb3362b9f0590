package org.opendvx.core.vm;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

class VmDocumentTest {
  /** Packed, these are far above the limit of a text. */
  @Test
  void writersDocumentsComeBackUpToTheirLimit() {
    byte[] writers = new byte[16 << 20];
    new Random(5).nextBytes(writers);
    VmDescription vm =
        new VmDescription(
            new VmRef("vcenter", "vm-1"),
            "web",
            PowerState.ON,
            "esx",
            "bios",
            "instance",
            List.of("/web/web.vmx"),
            List.of(),
            List.of(),
            "/web/web.vmx",
            Map.of(),
            false);
    VmDocument read = VmDocument.decode(new VmDocument(vm, writers).encode());
    assertArrayEquals(writers, read.writers());
  }
}
