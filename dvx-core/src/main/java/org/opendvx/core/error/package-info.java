/** Errors that reach a person, in four parts: what happened, why, what to do, details. */
@NullMarked
package org.opendvx.core.error;

import org.jspecify.annotations.NullMarked;
