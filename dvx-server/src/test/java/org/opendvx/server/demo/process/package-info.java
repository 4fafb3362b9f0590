/** Tests of how the demonstration runs programs and cleans up. */
@NullMarked
package org.opendvx.server.demo.process;

import org.jspecify.annotations.NullMarked;
