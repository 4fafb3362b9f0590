package org.opendvx.coordinator.protocol;

import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** What the coordinator sends. */
public sealed interface FromCoordinator extends Message {

  /**
   * The identity.
   *
   * @param certificate base64 DER, as is {@code ca}
   */
  record Enrolled(UUID agent, String certificate, String ca, long expiresInSeconds)
      implements FromCoordinator {}

  /** A nonce was set; read it. */
  record Challenge(String property) implements FromCoordinator {}

  /** The agent may be asked to freeze from here on. */
  record Welcome(int heartbeatSeconds, UUID agent, boolean renew) implements FromCoordinator {}

  /** A new certificate for a new key. */
  record Renewed(String certificate, String ca, long expiresInSeconds) implements FromCoordinator {}

  /** The connection ends. */
  record Refused(RefusalCode code, @Nullable String message) implements FromCoordinator {}

  /** Do what may take long. */
  record Prepare(
      UUID session,
      long limit,
      String consistency,
      String backup,
      List<Disk> disks,
      long holdLimit,
      boolean hooks)
      implements FromCoordinator {}

  /** Hold writes. */
  record Freeze(UUID session, long limit) implements FromCoordinator {}

  /** The cut is confirmed: release. */
  record Committed(UUID session) implements FromCoordinator {}

  /** The report was kept. */
  record Reported(UUID session) implements FromCoordinator {}

  /** Release, clean up. */
  record Abort(UUID session, @Nullable String reason) implements FromCoordinator {}
}
