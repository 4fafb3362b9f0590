/** Measures how long a guest's writes are held for a snapshot. */
@NullMarked
package org.opendvx.server.bench.hold;

import org.jspecify.annotations.NullMarked;
