package org.opendvx.server.service;

import org.opendvx.core.vm.VmMobility;

/** Words for what happens to machines. */
final class Mobility {
  private Mobility() {}

  /** The kind of event, for programs. */
  static String kind(VmMobility event) {
    return switch (event) {
      case VmMobility.AboutToMove _ -> "vm.about-to-move";
      case VmMobility.Moved _ -> "vm.moved";
      case VmMobility.MoveFailed _ -> "vm.move-failed";
      case VmMobility.RestartedElsewhere _ -> "vm.restarted-elsewhere";
      case VmMobility.HostLost _ -> "vm.host-lost";
      case VmMobility.PoweredOn _ -> "vm.powered-on";
      case VmMobility.PoweredOff _ -> "vm.powered-off";
    };
  }

  /** What happened, for a person. */
  static String text(VmMobility event) {
    return switch (event) {
      case VmMobility.AboutToMove e -> "about to move" + way(e.source(), e.target());
      case VmMobility.Moved e -> "moved" + way(e.source(), e.target());
      case VmMobility.MoveFailed e -> "did not move" + way(e.source(), e.target());
      case VmMobility.RestartedElsewhere e -> "restarted" + way(e.source(), e.target());
      case VmMobility.HostLost e -> "its host was lost: " + e.host();
      case VmMobility.PoweredOn e -> "powered on" + (e.host().isEmpty() ? "" : " on " + e.host());
      case VmMobility.PoweredOff e -> "powered off" + (e.host().isEmpty() ? "" : " on " + e.host());
    };
  }

  private static String way(String source, String target) {
    return (source.isEmpty() ? "" : " from " + source) + (target.isEmpty() ? "" : " to " + target);
  }
}
