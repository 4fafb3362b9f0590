/** A client that means harm: broken, oversized and slow RPC messages, and a check afterwards. */
@NullMarked
package org.opendvx.server.bench.hostile;

import org.jspecify.annotations.NullMarked;
