/** The packages for Debian and for RPM distributions, as they are built and unpacked. */
@NullMarked
package org.opendvx.server.packaging;

import org.jspecify.annotations.NullMarked;
