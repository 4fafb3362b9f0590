/** Tests of file handles. */
@NullMarked
package org.opendvx.core.nfs.handle;

import org.jspecify.annotations.NullMarked;
