@NullMarked
package org.opendvx.rhv.watch;

import org.jspecify.annotations.NullMarked;
