/** The event loop that keeps calls open on several connections, and what it sends. */
@NullMarked
package org.opendvx.server.bench.load;

import org.jspecify.annotations.NullMarked;
