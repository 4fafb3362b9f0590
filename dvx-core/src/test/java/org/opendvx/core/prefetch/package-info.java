@NullMarked
package org.opendvx.core.prefetch;

import org.jspecify.annotations.NullMarked;
