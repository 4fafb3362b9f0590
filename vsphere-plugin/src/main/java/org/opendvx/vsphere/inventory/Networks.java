package org.opendvx.vsphere.inventory;

import com.vmware.vim25.VirtualDevice;
import com.vmware.vim25.VirtualEthernetCard;
import com.vmware.vim25.VirtualHardware;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** A machine's network adapters in words. */
final class Networks {
  private Networks() {}

  static String of(VirtualHardware hardware) {
    List<String> words = new ArrayList<>();
    if (hardware.getDevice() != null) {
      for (VirtualDevice device : hardware.getDevice()) {
        if (device instanceof VirtualEthernetCard card) {
          String where =
              card.getDeviceInfo() == null ? "" : String.valueOf(card.getDeviceInfo().getSummary());
          words.add(where + " " + card.getMacAddress());
        }
      }
    }
    return String.join(", ", words);
  }

  /** Their addresses. */
  static List<String> macs(@Nullable VirtualHardware hardware) {
    List<String> macs = new ArrayList<>();
    if (hardware != null && hardware.getDevice() != null) {
      for (VirtualDevice device : hardware.getDevice()) {
        if (device instanceof VirtualEthernetCard card && card.getMacAddress() != null) {
          macs.add(card.getMacAddress().toLowerCase(Locale.ROOT));
        }
      }
    }
    return List.copyOf(macs);
  }
}
