/** Data nodes and hosts as processes. */
@NullMarked
package org.opendvx.server.datanode;

import org.jspecify.annotations.NullMarked;
