@NullMarked
package org.opendvx.vsphere;

import org.jspecify.annotations.NullMarked;
