package org.opendvx.core.datastore;

import org.jspecify.annotations.Nullable;

/**
 * On whose behalf an operation runs. POSIX permission rules apply to the ids; uid 0 passes all.
 *
 * @param groups supplementary groups, at most 16; not changed after the call
 * @param request identifies a request that must not be applied twice, null when there is none. Its
 *     outcome is journalled with the change: see {@link Datastore#outcome}
 */
@SuppressWarnings("ArrayRecordComponent") // carried, never compared
public record Caller(int uid, int gid, int[] groups, @Nullable RequestTag request) {
  private static final int[] NO_GROUPS = {};

  /** The node itself. */
  public static final Caller SYSTEM = new Caller(0, 0, NO_GROUPS, null);

  /** The same identity for a request that must not be applied twice. */
  public Caller with(RequestTag tag) {
    return new Caller(uid, gid, groups, tag);
  }
}
