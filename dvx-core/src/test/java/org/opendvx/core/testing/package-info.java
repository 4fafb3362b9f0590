/** Test doubles of the ports, with the faults that real stores have. */
@NullMarked
package org.opendvx.core.testing;

import org.jspecify.annotations.NullMarked;
