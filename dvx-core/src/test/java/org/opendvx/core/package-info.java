/** Rules that hold over all packages of the core. */
@NullMarked
package org.opendvx.core;

import org.jspecify.annotations.NullMarked;
