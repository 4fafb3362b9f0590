/** Tests of the cleaner. */
@NullMarked
package org.opendvx.core.clean;

import org.jspecify.annotations.NullMarked;
