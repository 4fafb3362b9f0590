package org.opendvx.vsphere.watch;

import com.vmware.vim25.Event;
import com.vmware.vim25.EventEx;
import com.vmware.vim25.HostEventArgument;
import com.vmware.vim25.KeyAnyValue;
import com.vmware.vim25.VmBeingHotMigratedEvent;
import com.vmware.vim25.VmBeingMigratedEvent;
import com.vmware.vim25.VmBeingRelocatedEvent;
import com.vmware.vim25.VmEvent;
import com.vmware.vim25.VmFailedMigrateEvent;
import com.vmware.vim25.VmMigratedEvent;
import com.vmware.vim25.VmRelocateFailedEvent;
import com.vmware.vim25.VmRelocatedEvent;
import com.vmware.vim25.VmRestartedOnAlternateHostEvent;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What one vCenter event says about where a machine runs.
 *
 * @param key vCenter's number of the event: later events have higher ones
 * @param time when it happened, by vCenter's clock
 * @param source id of the host that it leaves, empty when the event does not say
 * @param target id, or the name, of the host that it goes to, empty when the event does not say
 * @param received when we took it in, by our own clock
 */
record Notice(
    int key,
    Kind kind,
    String machine,
    Instant time,
    String source,
    String target,
    Instant received) {
  /** See {@link Notice}. */
  enum Kind {
    ABOUT_TO_MOVE,
    MOVE_FAILED,
    MOVED,
    RESTARTED
  }

  /**
   * What vCenter tells of a restart after a failure since vSphere 5.0, as an EventEx: the event
   * type of its own is deprecated since then.
   */
  static final String RESTARTED_BY_HA = "com.vmware.vc.ha.VmRestartedByHAEvent";

  /**
   * How vSphere 6.5 and later announce a vMotion that is encrypted where it can be, which is the
   * default: an EventEx in place of VmBeingHotMigratedEvent. It names the target by its name.
   */
  static final String MIGRATING_ENCRYPTED = "com.vmware.vc.vm.VmHotMigratingWithEncryptionEvent";

  /**
   * The event types to ask vCenter for; a subtype (such as DrsVmMigratedEvent) has its own name.
   */
  static final List<String> EVENT_TYPES =
      List.of(
          "VmBeingHotMigratedEvent",
          "VmBeingMigratedEvent",
          "VmBeingRelocatedEvent",
          "VmFailedMigrateEvent",
          "VmRelocateFailedEvent",
          "VmMigratedEvent",
          "DrsVmMigratedEvent",
          "VmRelocatedEvent",
          "VmRestartedOnAlternateHostEvent",
          RESTARTED_BY_HA,
          MIGRATING_ENCRYPTED);

  /** A notice that was not taken in yet. */
  Notice(int key, Kind kind, String machine, Instant time, String source, String target) {
    this(key, kind, machine, time, source, target, time);
  }

  /** The same, taken in now. */
  Notice receivedAt(Instant now) {
    return new Notice(key, kind, machine, time, source, target, now);
  }

  /** The same, to this host. */
  Notice to(String host) {
    return new Notice(key, kind, machine, time, source, host, received);
  }

  /** What the event says, empty when it says nothing of this. */
  static Optional<Notice> of(Event event) {
    if (event.getVm() == null || event.getVm().getVm() == null) {
      return Optional.empty();
    }
    String here = id(event.getHost());
    if (event instanceof EventEx e) {
      return extended(e, here);
    }
    if (!(event instanceof VmEvent)) {
      return Optional.empty();
    }
    return switch (event) {
      case VmBeingHotMigratedEvent e -> notice(e, Kind.ABOUT_TO_MOVE, here, id(e.getDestHost()));
      case VmBeingMigratedEvent e -> notice(e, Kind.ABOUT_TO_MOVE, here, id(e.getDestHost()));
      case VmBeingRelocatedEvent e -> notice(e, Kind.ABOUT_TO_MOVE, here, id(e.getDestHost()));
      case VmFailedMigrateEvent e -> notice(e, Kind.MOVE_FAILED, here, id(e.getDestHost()));
      case VmRelocateFailedEvent e -> notice(e, Kind.MOVE_FAILED, here, id(e.getDestHost()));
      case VmMigratedEvent e -> arrival(e, Kind.MOVED, id(e.getSourceHost()), here);
      case VmRelocatedEvent e -> arrival(e, Kind.MOVED, id(e.getSourceHost()), here);
      case VmRestartedOnAlternateHostEvent e ->
          arrival(e, Kind.RESTARTED, id(e.getSourceHost()), here);
      default -> Optional.empty();
    };
  }

  private static Optional<Notice> extended(EventEx event, String here) {
    if (RESTARTED_BY_HA.equalsIgnoreCase(event.getEventTypeId())) {
      return notice(event, Kind.RESTARTED, "", here);
    }
    if (!MIGRATING_ENCRYPTED.equalsIgnoreCase(event.getEventTypeId())) {
      return Optional.empty();
    }
    String target = "";
    if (event.getArguments() != null) {
      for (KeyAnyValue each : event.getArguments()) {
        if ("destHost".equals(each.getKey()) && each.getValue() != null) {
          target = each.getValue().toString();
        }
      }
    }
    // Without a target there is nothing to make ready.
    return target.isEmpty() ? Optional.empty() : notice(event, Kind.ABOUT_TO_MOVE, here, target);
  }

  /** An event after the fact names the new host; a simulator names the old one twice. */
  private static Optional<Notice> arrival(Event event, Kind kind, String source, String here) {
    return notice(event, kind, source, here.equals(source) ? "" : here);
  }

  private static Optional<Notice> notice(Event event, Kind kind, String source, String target) {
    Instant time =
        event.getCreatedTime() == null ? Instant.now() : event.getCreatedTime().toInstant();
    return Optional.of(
        new Notice(event.getKey(), kind, event.getVm().getVm().getVal(), time, source, target));
  }

  private static String id(@Nullable HostEventArgument argument) {
    return argument == null || argument.getHost() == null || argument.getHost().getVal() == null
        ? ""
        : argument.getHost().getVal();
  }
}
