/** Models of the ports, for tests of what stands on them. */
@NullMarked
package org.opendvx.core.testing;

import org.jspecify.annotations.NullMarked;
