/** A data node as a process, and how hosts join it. */
@NullMarked
package org.opendvx.server.datanode;

import org.jspecify.annotations.NullMarked;
