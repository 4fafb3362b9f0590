/** Tests of the frames between hosts and data nodes. */
@NullMarked
package org.opendvx.core.pool.wire;

import org.jspecify.annotations.NullMarked;
