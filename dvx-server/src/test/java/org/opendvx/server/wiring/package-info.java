/** Tests of the real parts. */
@NullMarked
package org.opendvx.server.wiring;

import org.jspecify.annotations.NullMarked;
