package org.opendvx.coordinator.session;

import java.util.List;
import java.util.Optional;
import org.opendvx.core.vm.GuestInfo;
import org.opendvx.core.vm.VmDescription;
import org.opendvx.core.vm.VmRef;

/**
 * The inventory against which a guest's words are held. Calls block and fail with {@link
 * org.opendvx.core.error.DvxException}.
 */
public interface Machines {
  /** One machine, read anew. */
  VmDescription describe(VmRef vm);

  /** How to pass facts into guests of a hypervisor, empty where it cannot. */
  Optional<GuestInfo> guestInfo(String hypervisor);

  /** Names of all hypervisors. */
  List<String> hypervisors();
}
