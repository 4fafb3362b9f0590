/** The data node's server. */
@NullMarked
package org.opendvx.core.pool.datanode;

import org.jspecify.annotations.NullMarked;
