/** What every pool must do. */
@NullMarked
package org.opendvx.core.pool;

import org.jspecify.annotations.NullMarked;
