@NullMarked
package org.opendvx.vsphere.inventory;

import org.jspecify.annotations.NullMarked;
