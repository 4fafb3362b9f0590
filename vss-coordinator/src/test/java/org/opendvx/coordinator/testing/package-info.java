/** A coordinator with an agent that a test scripts, or with any agent that it starts. */
@NullMarked
package org.opendvx.coordinator.testing;

import org.jspecify.annotations.NullMarked;
