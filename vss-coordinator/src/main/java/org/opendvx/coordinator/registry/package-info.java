/** Which agent is bound to which machine, and the tokens that enrol them; durable. */
@NullMarked
package org.opendvx.coordinator.registry;

import org.jspecify.annotations.NullMarked;
