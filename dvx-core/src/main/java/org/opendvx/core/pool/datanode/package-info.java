/**
 * A data node: serves the pool on its drives to hosts over the network. It stores sealed bytes, and
 * does no coding, hashing or compression: parity is computed by the hosts.
 */
@NullMarked
package org.opendvx.core.pool.datanode;

import org.jspecify.annotations.NullMarked;
