package org.opendvx.coordinator.protocol;

/** What goes over a connection. */
public sealed interface Message
    permits FromAgent, FromCoordinator, Message.Heartbeat, Message.Unknown {

  /** Both ways: the coordinator answers with the same number. */
  record Heartbeat(long ping) implements Message {}

  /**
   * A type that this version does not know.
   *
   * @param type its name, cut to 64 characters
   */
  record Unknown(String type) implements Message {}
}
