/** The pool of a data node, over the network. */
@NullMarked
package org.opendvx.core.pool.remote;

import org.jspecify.annotations.NullMarked;
