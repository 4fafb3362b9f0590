/** The NFS clients of the demonstration: others' programs, and a fast one of our own. */
@NullMarked
package org.opendvx.server.demo.nfs;

import org.jspecify.annotations.NullMarked;
