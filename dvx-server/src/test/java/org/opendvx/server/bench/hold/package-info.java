/** Real guests, real freezes. */
@NullMarked
package org.opendvx.server.bench.hold;

import org.jspecify.annotations.NullMarked;
