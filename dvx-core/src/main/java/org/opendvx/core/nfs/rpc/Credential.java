package org.opendvx.core.nfs.rpc;

/**
 * Who a client says that its user is (AUTH_SYS), or nobody (AUTH_NONE).
 *
 * @param groups supplementary groups, at most 16; not changed
 */
@SuppressWarnings("ArrayRecordComponent") // carried, never compared
public record Credential(int uid, int gid, int[] groups) {
  /** Id of nobody, user and group. */
  public static final int NOBODY_ID = 65534;

  /** What AUTH_NONE stands for. */
  public static final Credential NOBODY = new Credential(NOBODY_ID, NOBODY_ID, new int[0]);
}
