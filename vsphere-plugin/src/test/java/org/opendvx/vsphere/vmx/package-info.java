@NullMarked
package org.opendvx.vsphere.vmx;

import org.jspecify.annotations.NullMarked;
