/** Tests of how the demonstration runs programs and cleans up. */
@NullMarked
package org.opendvx.server.process;

import org.jspecify.annotations.NullMarked;
