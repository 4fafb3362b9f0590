/** Tests of the reply cache. */
@NullMarked
package org.opendvx.core.nfs.v3;

import org.jspecify.annotations.NullMarked;
