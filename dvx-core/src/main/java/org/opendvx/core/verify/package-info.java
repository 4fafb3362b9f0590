/** Walks everything that is stored, and tells what is not as it should be. Changes nothing. */
@NullMarked
package org.opendvx.core.verify;

import org.jspecify.annotations.NullMarked;
