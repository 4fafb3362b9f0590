/** Tests of the coordinator as a whole. */
@NullMarked
package org.opendvx.coordinator;

import org.jspecify.annotations.NullMarked;
