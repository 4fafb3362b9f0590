/** Small private files that are replaced whole. */
@NullMarked
package org.opendvx.coordinator.store;

import org.jspecify.annotations.NullMarked;
