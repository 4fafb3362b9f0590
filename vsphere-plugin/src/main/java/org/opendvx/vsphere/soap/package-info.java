/** The vSphere API on the wire: requests and answers, TLS, and the decoder of answers. */
@NullMarked
package org.opendvx.vsphere.soap;

import org.jspecify.annotations.NullMarked;
