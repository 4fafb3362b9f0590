package org.opendvx.rhv.quiesce;

import org.opendvx.core.vm.VmRef;

/** Is told of every freeze and thaw. Called on threads of the quiescer; should be quick. */
public interface FreezeAudit {

  /** The engine says that the guest is frozen. */
  void frozen(VmRef vm, String name);

  /** The guest is thawed, or can hold nothing any more. */
  void thawed(VmRef vm, String how, int attempts);

  /**
   * The guest may be frozen and could not be thawed yet: an alarm that stays until {@link #thawed}.
   */
  void stuck(VmRef vm, String why);

  /** The migration of a guest that may be frozen was cancelled, for it cannot be thawed in it. */
  void migrationCancelled(VmRef vm);
}
