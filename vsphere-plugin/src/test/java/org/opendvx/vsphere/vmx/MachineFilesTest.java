package org.opendvx.vsphere.vmx;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.AlphaChars;
import net.jqwik.api.constraints.StringLength;
import org.junit.jupiter.api.Test;

class MachineFilesTest {
  private static final String VMX =
      """
      .encoding = "UTF-8"
      # a remark that is no setting
      displayName = "web"
      nvram = "web.nvram"
      extendedConfigFile = "web.vmxf"
      guestOS = "debian12-64"
      scsi0:0.fileName = "web.vmdk"
      scsi0:0.ctkEnabled = "TRUE"
      scsi0:1.fileName = "/vmfs/volumes/5f-aa/other/web.vmdk"
      ctkEnabled = "TRUE"
      uuid.bios = "56 4d 11 22 33 44 55 66-77 88 99 aa bb cc dd ee"
      uuid.location = "56 4d 11 22 33 44 55 66-77 88 99 aa bb cc dd ee"
      vc.uuid = "52 11 22 33 44 55 66 77-88 99 aa bb cc dd ee ff"
      vm.genid = "-1234567890123456789"
      vm.genidX = "234567890123456789"
      ethernet0.addressType = "vpx"
      ethernet0.generatedAddress = "00:50:56:01:02:03"
      ethernet0.generatedAddressOffset = "0"
      ethernet1.addressType = "static"
      ethernet1.address = "00:50:56:00:00:01"
      sched.swap.derivedName = "/vmfs/volumes/x/web/web-1.vswp"
      some.unknown = "kept |22as is|22"
      """;
  private static final String DESCRIPTOR =
      """
      # Disk DescriptorFile
      version=1
      CID=fffffffe
      parentCID=ffffffff
      createType="vmfs"

      # Extent description
      RW 2097152 VMFS "web-flat.vmdk"

      # Change Tracking File
      changeTrackPath="web-ctk.vmdk"

      # The Disk Data Base
      ddb.adapterType = "lsilogic"
      ddb.uuid = "60 00 C2 9a 11 11 11 11-22 22 22 22 33 33 33 33"
      """;
  private static final Map<String, String> NAMES =
      Map.of(
          "web.vmx", "copy.vmx",
          "web.nvram", "copy.nvram",
          "web.vmxf", "copy.vmxf",
          "web.vmdk", "copy.vmdk",
          "web-flat.vmdk", "copy-flat.vmdk");

  private final MachineFiles machineFiles = new MachineFiles(Identity.secure());

  private static Map<String, byte[]> files() {
    Map<String, byte[]> files = new LinkedHashMap<>();
    files.put("/copy/copy.vmx", VMX.getBytes(UTF_8));
    files.put("/copy/copy.vmdk", DESCRIPTOR.getBytes(UTF_8));
    files.put(
        "/copy/copy.vmxf",
        "<Foundry><vmxPathName type=\"string\">web.vmx</vmxPathName></Foundry>".getBytes(UTF_8));
    return files;
  }

  private static VmxFile read(Map<String, byte[]> files, String path) {
    byte[] bytes = files.get(path);
    if (bytes == null) {
      throw new AssertionError(path + " was not written");
    }
    return VmxFile.parse(bytes);
  }

  @Test
  void aCloneHasANameAndIdentitiesOfItsOwn() {
    VmxFile vmx = read(machineFiles.forClone(files(), NAMES, "my \"copy\""), "/copy/copy.vmx");
    VmxFile old = VmxFile.parse(VMX.getBytes(UTF_8));
    assertEquals(Optional.of("my \"copy\""), vmx.get("displayName"));
    for (String key : new String[] {"uuid.bios", "vc.uuid", "vm.genid", "vm.genidX"}) {
      assertTrue(vmx.get(key).isPresent(), key);
      assertNotEquals(old.get(key), vmx.get(key), key);
    }
    assertTrue(
        vmx.get("uuid.bios")
            .orElse("")
            .matches("([0-9a-f]{2} ){7}[0-9a-f]{2}-([0-9a-f]{2} ){7}[0-9a-f]{2}"));
    assertEquals(Optional.of("create"), vmx.get("uuid.action"));
    assertEquals(Optional.empty(), vmx.get("uuid.location"));
    assertEquals(Optional.empty(), vmx.get("sched.swap.derivedName"));
    for (String adapter : new String[] {"ethernet0", "ethernet1"}) {
      assertEquals(Optional.of("generated"), vmx.get(adapter + ".addressType"));
      assertEquals(Optional.empty(), vmx.get(adapter + ".address"));
      assertEquals(Optional.empty(), vmx.get(adapter + ".generatedAddress"));
    }
  }

  @Test
  void aCloneRefersToItsOwnFilesAndToForeignOnesAsBefore() {
    Map<String, byte[]> written = machineFiles.forClone(files(), NAMES, "copy");
    VmxFile vmx = read(written, "/copy/copy.vmx");
    assertEquals(Optional.of("copy.nvram"), vmx.get("nvram"));
    assertEquals(Optional.of("copy.vmxf"), vmx.get("extendedConfigFile"));
    assertEquals(Optional.of("copy.vmdk"), vmx.get("scsi0:0.fileName"));
    assertEquals(Optional.of("/vmfs/volumes/5f-aa/other/web.vmdk"), vmx.get("scsi0:1.fileName"));
    assertTrue(
        new String(read(written, "/copy/copy.vmdk").bytes(), UTF_8)
            .contains("RW 2097152 VMFS \"copy-flat.vmdk\""));
    assertTrue(new String(read(written, "/copy/copy.vmxf").bytes(), UTF_8).contains(">copy.vmx<"));
  }

  @Test
  void changeTrackingIsReset() {
    for (Map<String, byte[]> written :
        java.util.List.of(
            machineFiles.forClone(files(), NAMES, "copy"), machineFiles.forRestore(files()))) {
      VmxFile vmx = read(written, "/copy/copy.vmx");
      assertEquals(Optional.of("FALSE"), vmx.get("ctkEnabled"));
      assertEquals(Optional.of("FALSE"), vmx.get("scsi0:0.ctkEnabled"));
      assertEquals(Optional.empty(), read(written, "/copy/copy.vmdk").get("changeTrackPath"));
    }
  }

  @Test
  void aRestoreInPlaceChangesTheGenerationAndKeepsTheRest() {
    Map<String, byte[]> written = machineFiles.forRestore(files());
    VmxFile vmx = read(written, "/copy/copy.vmx");
    VmxFile old = VmxFile.parse(VMX.getBytes(UTF_8));
    assertNotEquals(old.get("vm.genid"), vmx.get("vm.genid"));
    assertNotEquals(old.get("vm.genidX"), vmx.get("vm.genidX"));
    for (String key : old.keys()) {
      if (!key.startsWith("vm.genid") && !key.endsWith("ctkenabled")) {
        assertEquals(old.get(key), vmx.get(key), key);
      }
    }
    assertFalse(written.containsKey("/copy/copy.vmxf"));
    assertTrue(new String(vmx.bytes(), UTF_8).contains("# a remark that is no setting\n"));
  }

  @Test
  void aDiskThatKeepsItsDataInTheDescriptorIsLeftAlone() {
    byte[] sparse = new byte[4096];
    sparse[0] = 'K';
    assertEquals(Map.of(), machineFiles.forRestore(Map.of("/a/a.vmdk", sparse)));
  }

  @Test
  void tellsDescriptionsFromData() {
    for (String path :
        new String[] {"/a/a.vmx", "/a/a.vmdk", "/a/a-000001.vmdk", "/a/A.VMSD", "/a/a.vmxf"}) {
      assertTrue(MachineFiles.describes(path), path);
    }
    for (String path :
        new String[] {
          "/a/a-flat.vmdk",
          "/a/a-000001-delta.vmdk",
          "/a/a-ctk.vmdk",
          "/a/a.nvram",
          "/a/a.vswp",
          "/a/x-s001.vmdk"
        }) {
      assertFalse(MachineFiles.describes(path), path);
    }
  }

  @Property
  void whatIsNotChangedIsKeptByteForByte(@ForAll byte[] bytes) {
    byte[] text = new String(bytes, UTF_8).replace("\r", "").getBytes(UTF_8);
    assertArrayEquals(text, VmxFile.parse(text).bytes());
    byte[] windows = new String(text, UTF_8).replace("\n", "\r\n").getBytes(UTF_8);
    assertArrayEquals(windows, VmxFile.parse(windows).bytes());
  }

  @Property
  void whatIsSetIsRead(
      @ForAll @AlphaChars @StringLength(min = 1, max = 12) String key,
      @ForAll @StringLength(max = 40) String value) {
    String plain = new String(value.getBytes(UTF_8), UTF_8);
    VmxFile file = VmxFile.parse(VMX.getBytes(UTF_8));
    file.set(key, plain);
    assertEquals(Optional.of(plain), VmxFile.parse(file.bytes()).get(key));
  }
}
