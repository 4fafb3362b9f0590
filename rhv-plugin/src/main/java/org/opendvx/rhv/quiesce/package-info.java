/** Freeze and thaw through the engine, for guests without an agent of ours. */
@NullMarked
package org.opendvx.rhv.quiesce;

import org.jspecify.annotations.NullMarked;
