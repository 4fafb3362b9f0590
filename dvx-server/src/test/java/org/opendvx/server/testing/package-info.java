/** Stand-ins for the engine and the hypervisors, for tests of the server. */
@NullMarked
package org.opendvx.server.testing;

import org.jspecify.annotations.NullMarked;
