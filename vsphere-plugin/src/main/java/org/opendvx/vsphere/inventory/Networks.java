package org.opendvx.vsphere.inventory;

import com.vmware.vim25.VirtualDevice;
import com.vmware.vim25.VirtualEthernetCard;
import com.vmware.vim25.VirtualHardware;
import java.util.ArrayList;
import java.util.List;

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
}
