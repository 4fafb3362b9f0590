/** Machines of other hypervisors as machines of vSphere, and the other way round. */
@NullMarked
package org.opendvx.vsphere.convert;

import org.jspecify.annotations.NullMarked;
