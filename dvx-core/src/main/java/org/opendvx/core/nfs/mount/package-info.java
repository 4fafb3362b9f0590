/** MOUNT version 3 (RFC 1813, appendix I). */
@NullMarked
package org.opendvx.core.nfs.mount;

import org.jspecify.annotations.NullMarked;
