/** External Data Representation (RFC 4506), straight on Netty's buffers. */
@NullMarked
package org.opendvx.core.nfs.xdr;

import org.jspecify.annotations.NullMarked;
