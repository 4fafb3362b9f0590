package org.opendvx.server.api;

import org.jspecify.annotations.Nullable;

/**
 * A new machine to make from a restore point.
 *
 * @param snapshot name or id
 * @param name of the new machine
 * @param macs {@code keep} or {@code new}; none: new
 */
public record CloneRequest(
    @Nullable String snapshot, @Nullable String name, boolean powerOn, @Nullable String macs) {
  /** With new addresses. */
  public CloneRequest(String snapshot, String name, boolean powerOn) {
    this(snapshot, name, powerOn, null);
  }
}
