/** The adapter for oVirt, RHV and OLVM: everything goes through the engine's own API. */
@NullMarked
package org.opendvx.rhv;

import org.jspecify.annotations.NullMarked;
