/** The NFSv3 server that hypervisors mount: NFS, MOUNT and a portmapper over one RPC layer. */
@NullMarked
package org.opendvx.core.nfs;

import org.jspecify.annotations.NullMarked;
