package org.opendvx.coordinator.protocol;

/** A message with its number on the connection. */
public record Envelope(long seq, Message message) {}
