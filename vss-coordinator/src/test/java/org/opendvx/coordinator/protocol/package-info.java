/** Tests of the protocol of guest agents. */
@NullMarked
package org.opendvx.coordinator.protocol;

import org.jspecify.annotations.NullMarked;
