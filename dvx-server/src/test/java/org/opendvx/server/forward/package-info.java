/** The forwarder, against plain sockets. */
@NullMarked
package org.opendvx.server.forward;

import org.jspecify.annotations.NullMarked;
