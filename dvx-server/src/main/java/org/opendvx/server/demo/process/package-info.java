/** The programs that the demonstration starts, and how it is sure to end them. */
@NullMarked
package org.opendvx.server.demo.process;

import org.jspecify.annotations.NullMarked;
