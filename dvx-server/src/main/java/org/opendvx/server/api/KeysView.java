package org.opendvx.server.api;

import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The data keys of the pool, and how far sealing anew under the newest has come. Never a key.
 *
 * @param keyId of the data key under which new data are sealed
 * @param keyIds all in the ring
 * @param resealing whether older keys are still in the ring, or a key that is not in force yet
 * @param since when the sealing began; null when it has not, or there is none
 * @param startContainers that were to be sealed anew at that time
 * @param startBytes bytes of them
 * @param containersLeft that may hold what an older key sealed; null when that is not known yet
 * @param bytesLeft bytes of them; null when that is not known yet
 * @param trouble what keeps it from coming to its end; null while all is well
 */
public record KeysView(
    int keyId,
    List<Integer> keyIds,
    boolean resealing,
    @Nullable Instant since,
    long startContainers,
    long startBytes,
    @Nullable Long containersLeft,
    @Nullable Long bytesLeft,
    @Nullable String trouble) {}
