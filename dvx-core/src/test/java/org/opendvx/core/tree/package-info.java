/** Tests of the trees. */
@NullMarked
package org.opendvx.core.tree;

import org.jspecify.annotations.NullMarked;
