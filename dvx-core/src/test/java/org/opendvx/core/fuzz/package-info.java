/** Feeds damaged and forged bytes to whatever reads bytes from outside; see docs/fuzzing.md. */
@NullMarked
package org.opendvx.core.fuzz;

import org.jspecify.annotations.NullMarked;
