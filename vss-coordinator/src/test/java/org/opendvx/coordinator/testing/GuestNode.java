package org.opendvx.coordinator.testing;

import java.io.IOException;
import org.opendvx.core.vm.VmRef;

/** What a guest that a test runs needs of the node beside it. */
public interface GuestNode {
  /** A token for its machine's agent. */
  String token(VmRef vm) throws IOException;

  /** Whether its agent is connected. */
  boolean connected(VmRef vm);

  /** Whether its agent is connected and may be asked to freeze. */
  boolean ready(VmRef vm);

  /** What the hypervisor lets the guest read, empty when nothing was set. */
  String nonce(VmRef vm);
}
