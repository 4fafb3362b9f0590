/** File handles: 40 bytes that only this installation can make. */
@NullMarked
package org.opendvx.core.nfs.handle;

import org.jspecify.annotations.NullMarked;
