/** Loads on a node's engine alone, without a network, over pools that it makes itself. */
@NullMarked
package org.opendvx.server.bench.engine;

import org.jspecify.annotations.NullMarked;
