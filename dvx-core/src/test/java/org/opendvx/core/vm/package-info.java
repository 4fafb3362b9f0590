/** Tests of the machine services. */
@NullMarked
package org.opendvx.core.vm;

import org.jspecify.annotations.NullMarked;
