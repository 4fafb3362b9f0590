/** Any two lost shards come back, whichever kernel does it. */
@NullMarked
package org.opendvx.core.erasure;

import org.jspecify.annotations.NullMarked;
