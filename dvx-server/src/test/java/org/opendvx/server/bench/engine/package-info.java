/** The loads on an engine alone. */
@NullMarked
package org.opendvx.server.bench.engine;

import org.jspecify.annotations.NullMarked;
