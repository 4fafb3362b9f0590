/** Freeze, cut, thaw with guest agents. */
@NullMarked
package org.opendvx.coordinator;

import org.jspecify.annotations.NullMarked;
