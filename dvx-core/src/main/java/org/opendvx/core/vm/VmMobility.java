package org.opendvx.core.vm;

import java.time.Instant;

/**
 * Something happened to where a virtual machine runs. Events of one machine arrive in order and
 * once; after a gap in the stream an adapter reconciles and sends what has changed.
 */
public sealed interface VmMobility {

  /** The machine. */
  VmRef vm();

  /** Its name, for people. */
  String name();

  /** When the hypervisor says that it happened, else when it was seen. */
  Instant time();

  /**
   * A live migration was announced.
   *
   * @param target host name, empty when not announced
   */
  record AboutToMove(VmRef vm, String name, Instant time, String source, String target)
      implements VmMobility {}

  /**
   * It runs on another host now.
   *
   * @param source host name, empty when unknown
   */
  record Moved(VmRef vm, String name, Instant time, String source, String target)
      implements VmMobility {}

  /** An announced migration did not happen. */
  record MoveFailed(VmRef vm, String name, Instant time, String source, String target)
      implements VmMobility {}

  /** Its host died and it was started on another one. */
  record RestartedElsewhere(VmRef vm, String name, Instant time, String source, String target)
      implements VmMobility {}

  /**
   * The hypervisor has lost the host that it runs on. It may run there still: nothing is to be
   * taken from that host for this alone. What follows, if anything, is that it was restarted
   * elsewhere, powered off, or that the host is lost again after it came back.
   *
   * @param host name of the lost host
   */
  record HostLost(VmRef vm, String name, Instant time, String host) implements VmMobility {}

  /** It was powered on. */
  record PoweredOn(VmRef vm, String name, Instant time, String host) implements VmMobility {}

  /** It was powered off or suspended. */
  record PoweredOff(VmRef vm, String name, Instant time, String host) implements VmMobility {}
}
