package org.opendvx.vsphere.convert;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A disk of one descriptor and one flat extent, whose bytes are the disk's own. The descriptor's
 * form is that of VMware's "Virtual Disk Format 5.0".
 *
 * @param extent the data file's name
 * @param bytes the disk's size
 */
record FlatDisk(String extent, long bytes) {
  static final int SECTOR = 512;
  private static final Pattern EXTENT =
      Pattern.compile(
          "\\s*(RW|RDONLY|NOACCESS)\\s+(\\d{1,15})\\s+(\\w+)(?:\\s+\"([^\"]*)\"(?:\\s+(\\d+))?)?.*");
  private static final Pattern SETTING =
      Pattern.compile("\\s*(createType|parentCID)\\s*=\\s*\"?([^\"]*?)\"?\\s*");
  private static final String NO_PARENT = "ffffffff";

  /** Reads a descriptor; empty when the disk has another form, or a parent. */
  static Optional<FlatDisk> parse(byte[] descriptor) {
    String type = "";
    String parent = NO_PARENT;
    List<FlatDisk> extents = new ArrayList<>();
    for (String line : new String(descriptor, StandardCharsets.UTF_8).lines().toList()) {
      Matcher setting = SETTING.matcher(line);
      if (setting.matches()) {
        if (setting.group(1).equals("createType")) {
          type = setting.group(2);
        } else {
          parent = setting.group(2).toLowerCase(Locale.ROOT);
        }
        continue;
      }
      Matcher extent = EXTENT.matcher(line);
      if (extent.matches()) {
        boolean flat =
            extent.group(1).equals("RW")
                && (extent.group(3).equals("VMFS") || extent.group(3).equals("FLAT"))
                && extent.group(4) != null
                && (extent.group(5) == null || extent.group(5).equals("0"));
        if (!flat) {
          return Optional.empty();
        }
        extents.add(new FlatDisk(extent.group(4), Long.parseLong(extent.group(2)) * SECTOR));
      }
    }
    boolean plain = type.equals("vmfs") || type.equals("monolithicFlat");
    return plain && parent.equals(NO_PARENT) && extents.size() == 1
        ? Optional.of(extents.getFirst())
        : Optional.empty();
  }

  /**
   * The descriptor of it.
   *
   * @param contentId any but 0xffffffff
   */
  byte[] descriptor(int contentId) {
    long sectors = bytes / SECTOR;
    return String.format(
            Locale.ROOT,
            """
            # Disk DescriptorFile
            version=1
            encoding="UTF-8"
            CID=%08x
            parentCID=ffffffff
            isNativeSnapshot="no"
            createType="vmfs"

            # Extent description
            RW %d VMFS "%s"

            # The Disk Data Base
            #DDB

            ddb.adapterType = "lsilogic"
            ddb.geometry.cylinders = "%d"
            ddb.geometry.heads = "255"
            ddb.geometry.sectors = "63"
            ddb.thinProvisioned = "1"
            ddb.virtualHWVersion = "14"
            """,
            contentId == -1 ? 1 : contentId,
            sectors,
            extent,
            Math.max(1, sectors / (255 * 63)))
        .getBytes(StandardCharsets.UTF_8);
  }
}
