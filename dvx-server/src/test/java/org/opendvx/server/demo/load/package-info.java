/** Tests of what the demonstration writes and how it is checked. */
@NullMarked
package org.opendvx.server.demo.load;

import org.jspecify.annotations.NullMarked;
