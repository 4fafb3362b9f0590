package org.opendvx.core.pool.local;

import java.util.UUID;

/**
 * A drive as the membership sees it.
 *
 * @param index its place in layouts, stable for its life
 * @param drive its identity
 * @param since the generation in which its present state began; an active drive whose label is
 *     older than that was about to be taken back and is not believed
 */
record Member(int index, UUID drive, State state, long since) {

  /** Whether the drive takes part. The codes are those of the label. */
  enum State {
    ACTIVE(0),
    EVICTED(1);

    private final int code;

    State(int code) {
      this.code = code;
    }

    int code() {
      return code;
    }

    static State of(int code) {
      return switch (code) {
        case 0 -> ACTIVE;
        case 1 -> EVICTED;
        default -> throw new IllegalArgumentException("no such member state: " + code);
      };
    }
  }

  boolean active() {
    return state == State.ACTIVE;
  }
}
