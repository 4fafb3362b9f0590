/** Fingerprints, slots and keys hold what they promise. */
@NullMarked
package org.opendvx.core.codec;

import org.jspecify.annotations.NullMarked;
