/** Test doubles that several packages' tests share. */
@NullMarked
package org.opendvx.core.testing;

import org.jspecify.annotations.NullMarked;
