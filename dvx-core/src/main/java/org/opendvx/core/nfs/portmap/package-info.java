/** The portmapper: programs and ports for clients that ask port 111. */
@NullMarked
package org.opendvx.core.nfs.portmap;

import org.jspecify.annotations.NullMarked;
