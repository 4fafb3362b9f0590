/** Tests of the NFS server, by calls over real sockets and by foreign clients. */
@NullMarked
package org.opendvx.core.nfs;

import org.jspecify.annotations.NullMarked;
