@NullMarked
package org.opendvx.vsphere.watch;

import org.jspecify.annotations.NullMarked;
