/** The vSphere adapter: vCenter as a {@link org.opendvx.core.vm.Hypervisor}. */
@NullMarked
package org.opendvx.vsphere;

import org.jspecify.annotations.NullMarked;
