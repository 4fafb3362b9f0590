/**
 * An engine for tests: login, XML, the domain's files as vdsm lays them out, permits, and the
 * behaviours that were seen of a real one. It is strict: a call that a real engine does not know is
 * a violation, one that it would refuse is refused and counted.
 */
@NullMarked
package org.opendvx.rhv.sim;

import org.jspecify.annotations.NullMarked;
