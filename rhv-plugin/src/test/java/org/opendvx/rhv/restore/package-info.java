@NullMarked
package org.opendvx.rhv.restore;

import org.jspecify.annotations.NullMarked;
