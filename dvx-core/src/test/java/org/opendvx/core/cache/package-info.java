/** The flash cache and how it is treated badly. */
@NullMarked
package org.opendvx.core.cache;

import org.jspecify.annotations.NullMarked;
