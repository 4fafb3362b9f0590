/** Programs that demonstrations and measurements start, and how they are sure to end them. */
@NullMarked
package org.opendvx.server.process;

import org.jspecify.annotations.NullMarked;
