/** A small ONC RPC (RFC 5531), portmap, MOUNT3 and NFSv3 (RFC 1813) client for measuring. */
@NullMarked
package org.opendvx.server.bench.rpc;

import org.jspecify.annotations.NullMarked;
