package org.opendvx.rhv.quiesce;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.opendvx.core.vm.VmRef;

/** Counts what it is told. */
final class Audit implements FreezeAudit {
  final AtomicInteger frozen = new AtomicInteger();
  final AtomicInteger thawed = new AtomicInteger();
  final AtomicInteger raised = new AtomicInteger();
  final AtomicInteger cancelled = new AtomicInteger();
  final Set<VmRef> alarms = ConcurrentHashMap.newKeySet();

  @Override
  public void frozen(VmRef vm, String name) {
    frozen.incrementAndGet();
  }

  @Override
  public void thawed(VmRef vm, String how, int attempts) {
    thawed.incrementAndGet();
    alarms.remove(vm);
  }

  @Override
  public void stuck(VmRef vm, String why) {
    alarms.add(vm);
    raised.incrementAndGet();
  }

  @Override
  public void migrationCancelled(VmRef vm) {
    cancelled.incrementAndGet();
  }
}
