@NullMarked
package org.opendvx.rhv.quiesce;

import org.jspecify.annotations.NullMarked;
