/** {@code dvx bench}: loads and attacks on any NFSv3 server, measured and checked. */
@NullMarked
package org.opendvx.server.bench;

import org.jspecify.annotations.NullMarked;
