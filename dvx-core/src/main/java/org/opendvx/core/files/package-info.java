/** Small files of a node beside its pool. */
@NullMarked
package org.opendvx.core.files;

import org.jspecify.annotations.NullMarked;
