@NullMarked
package org.opendvx.vsphere.soap;

import org.jspecify.annotations.NullMarked;
