/**
 * The durable store behind a host: containers, journal segments and small versioned records.
 *
 * <p>Everything here is a port. {@code pool.local} implements it on a list of drives in this
 * process, {@code pool.remote} over the network. Calls block until the work is durable, have a time
 * limit of their own, and may be made from platform or virtual threads.
 */
@NullMarked
package org.opendvx.core.pool;

import org.jspecify.annotations.NullMarked;
