/** Puts the real engine, NFS server and adapters behind the seams of the node. */
@NullMarked
package org.opendvx.server.wiring;

import org.jspecify.annotations.NullMarked;
