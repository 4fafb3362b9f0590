/** The agent protocol: frames, messages and their limits; see docs/formats/agent-protocol.md. */
@NullMarked
package org.opendvx.coordinator.protocol;

import org.jspecify.annotations.NullMarked;
