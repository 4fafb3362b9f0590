/** The append-only record of who froze what. */
@NullMarked
package org.opendvx.coordinator.audit;

import org.jspecify.annotations.NullMarked;
