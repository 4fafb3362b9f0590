package org.opendvx.rhv.watch;

import java.time.Instant;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.ovirt.engine.sdk4.types.Event;

/**
 * What one event of the engine says of where a machine runs. The host that a migration's events
 * carry is the source, at its start and at its end; the destination stands only in the text, as a
 * name. So an event is a hint: the machine is read again before anything is told of it.
 *
 * @param target host name, empty when the event does not say
 */
record Notice(long id, Kind kind, String vm, Instant time, String target) {
  private static final Pattern DESTINATION = Pattern.compile("Destination: ([^,()]{1,255})");

  /** See {@link Notice}. */
  enum Kind {
    MIGRATES,
    MIGRATION_ENDED,
    FAILED_BY_HOST,
    CHANGED
  }

  /** What the event says, empty when it is not of a machine or says nothing of this. */
  static Optional<Notice> of(Event event) {
    if (!event.vmPresent() || !event.vm().idPresent() || !event.codePresent()) {
      return Optional.empty();
    }
    Kind kind =
        switch (event.codeAsInteger()) {
          // Started by a user, or by the system: maintenance, balancing.
          case 62, 67 -> Kind.MIGRATES;
          // A highly available machine failed; the engine starts it again.
          case 9602, 506 -> Kind.FAILED_BY_HOST;
          // Done, aborted, failed, failed to a server, no host, cancelled.
          case 63, 64, 65, 120, 166, 161 -> Kind.MIGRATION_ENDED;
          // Started, stopped, down, unknown, suspended, paused, resumed.
          case 153, 32, 33, 73, 119, 61, 142, 143, 36, 37, 39, 1025, 501, 502 -> Kind.CHANGED;
          default -> null;
        };
    if (kind == null) {
      return Optional.empty();
    }
    Matcher text = DESTINATION.matcher(event.descriptionPresent() ? event.description() : "");
    return Optional.of(
        new Notice(
            number(event),
            kind,
            event.vm().id(),
            event.timePresent() ? event.time().toInstant() : Instant.now(),
            kind == Kind.MIGRATES && text.find() ? text.group(1).strip() : ""));
  }

  /** The event's number: later events have higher ones. */
  static long number(Event event) {
    return event.indexPresent() ? event.indexAsLong() : Long.parseLong(event.id());
  }
}
