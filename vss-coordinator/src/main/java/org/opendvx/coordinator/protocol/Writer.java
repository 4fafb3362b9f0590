package org.opendvx.coordinator.protocol;

import org.jspecify.annotations.Nullable;

/**
 * An application's part in a freeze, as VSS tells it.
 *
 * @param state 1 is stable: nothing went wrong
 * @param failure HRESULT as hex text
 */
public record Writer(String name, String id, String instance, int state, String failure) {
  /** VSS_WS_STABLE. */
  public static final int STABLE = 1;

  private static final int MAX = 512;
  private static final String NONE = "0x00000000";

  /** Checks the limits. */
  public Writer(
      @Nullable String name,
      @Nullable String id,
      @Nullable String instance,
      int state,
      @Nullable String failure) {
    this.name = Limits.line(name, "writer.name", MAX);
    this.id = Limits.line(id, "writer.id", MAX);
    this.instance = Limits.line(instance, "writer.instance", MAX);
    this.state = state;
    this.failure = Limits.line(failure, "writer.failure", MAX);
  }

  /** Whether it ended well. */
  public boolean good() {
    return state == STABLE && !failed();
  }

  /** Whether it says so itself. */
  public boolean failed() {
    return !failure.isEmpty() && !failure.equalsIgnoreCase(NONE);
  }
}
