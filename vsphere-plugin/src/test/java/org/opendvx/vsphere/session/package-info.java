@NullMarked
package org.opendvx.vsphere.session;

import org.jspecify.annotations.NullMarked;
