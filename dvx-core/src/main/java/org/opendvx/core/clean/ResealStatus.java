package org.opendvx.core.clean;

import java.time.Instant;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * How far sealing anew has come.
 *
 * @param keyId the data key under which new slots are sealed
 * @param keyIds all data keys in the ring
 * @param active whether older keys are still in the ring, or a key that is not in force yet
 * @param since when the sealing began; null when it has not, or there is none
 * @param startContainers that were to be sealed anew at that time
 * @param startBytes bytes of them
 * @param containersLeft that may hold what an older key sealed; -1 when that is not known yet
 * @param bytesLeft bytes of them
 * @param completed times that older keys were taken out of the ring since the start of the process
 * @param trouble why they could not be taken out although nothing is left; null while all is well
 */
public record ResealStatus(
    int keyId,
    Set<Integer> keyIds,
    boolean active,
    @Nullable Instant since,
    long startContainers,
    long startBytes,
    long containersLeft,
    long bytesLeft,
    long completed,
    @Nullable String trouble) {

  /** What a host knows that does not clean the pool itself. */
  public static ResealStatus elsewhere(
      int keyId, Set<Integer> keyIds, boolean active, @Nullable String where) {
    long left = active ? -1 : 0;
    return new ResealStatus(keyId, new TreeSet<>(keyIds), active, null, 0, 0, left, left, 0, where);
  }
}
