/**
 * The pool of a data node, used over the network. Parity is computed here. A connection that breaks
 * is made again, and what was under way is asked again: every call has one outcome.
 */
@NullMarked
package org.opendvx.core.pool.remote;

import org.jspecify.annotations.NullMarked;
