/** Which directories are exported, and which clients may use them. */
@NullMarked
package org.opendvx.core.nfs.access;

import org.jspecify.annotations.NullMarked;
