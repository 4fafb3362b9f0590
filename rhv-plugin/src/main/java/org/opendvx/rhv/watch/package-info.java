/** Following machines: from polled states and events to ordered mobility events. */
@NullMarked
package org.opendvx.rhv.watch;

import org.jspecify.annotations.NullMarked;
