/** {@code dvx bench mobility}: a machine that moves between hosts under load. */
@NullMarked
package org.opendvx.server.bench.mobility;

import org.jspecify.annotations.NullMarked;
