/** The local pool on simulated and on real drives, with everything that drives do wrong. */
@NullMarked
package org.opendvx.core.pool.local;

import org.jspecify.annotations.NullMarked;
