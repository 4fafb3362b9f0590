package org.opendvx.core.pool.local;

import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A drive as the membership sees it.
 *
 * @param index its place in layouts, stable for its life
 * @param drive its identity
 * @param leaving whether it gets no new shards and gives away those that it has, to be removed
 * @param filling whether containers may lack the shards that its place had: it took that of a lost
 *     drive, and counts as lost in what more may be lost
 * @param since the generation in which its present state began; an active drive whose label is
 *     older than that was about to be taken back and is not believed
 */
record Member(int index, UUID drive, State state, boolean leaving, boolean filling, long since) {

  /** Whether the drive takes part. The codes are those of the label. */
  enum State {
    ACTIVE(0),
    EVICTED(1),
    /** Not a member any more: its place is free for another drive. */
    REMOVED(2);

    private final int code;

    State(int code) {
      this.code = code;
    }

    int code() {
      return code;
    }

    /** The state of a code; null when there is none. */
    static @Nullable State of(int code) {
      return switch (code) {
        case 0 -> ACTIVE;
        case 1 -> EVICTED;
        case 2 -> REMOVED;
        default -> null;
      };
    }
  }

  /** A member that stays, and has its shards. */
  Member(int index, UUID drive, State state, long since) {
    this(index, drive, state, false, false, since);
  }

  /** Another state of the same drive. */
  Member with(State next, long begun) {
    return new Member(index, drive, next, leaving, filling, begun);
  }

  /** Whether it counts, active or not. */
  boolean counts() {
    return state != State.REMOVED;
  }

  boolean active() {
    return state == State.ACTIVE;
  }
}
