/** NFS version 3 (RFC 1813): one class for each procedure. */
@NullMarked
package org.opendvx.core.nfs.v3;

import org.jspecify.annotations.NullMarked;
