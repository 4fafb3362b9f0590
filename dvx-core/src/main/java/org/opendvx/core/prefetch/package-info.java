/** Brings a machine's hot chunks to the flash of the host it moves to: docs/prefetch.md. */
@NullMarked
package org.opendvx.core.prefetch;

import org.jspecify.annotations.NullMarked;
