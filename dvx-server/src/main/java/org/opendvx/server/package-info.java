/** The daemon and the {@code dvx} command: the composition root. */
@NullMarked
package org.opendvx.server;

import org.jspecify.annotations.NullMarked;
