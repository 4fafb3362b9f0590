/** Connections with agents and what is done over them. */
@NullMarked
package org.opendvx.coordinator.session;

import org.jspecify.annotations.NullMarked;
