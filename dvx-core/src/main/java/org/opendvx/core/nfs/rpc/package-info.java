/** Remote procedure calls (RFC 5531) over TCP and UDP, with limits on all that comes in. */
@NullMarked
package org.opendvx.core.nfs.rpc;

import org.jspecify.annotations.NullMarked;
