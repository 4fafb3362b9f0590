/** Following machines: from property updates and events to ordered mobility events. */
@NullMarked
package org.opendvx.vsphere.watch;

import org.jspecify.annotations.NullMarked;
