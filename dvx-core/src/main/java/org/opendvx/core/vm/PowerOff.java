package org.opendvx.core.vm;

import java.time.Duration;

/**
 * How a machine that is off came to be off. The times are ages by the hypervisor's own clock, so
 * that no two clocks have to agree.
 *
 * @param id names this end of a run: after another run there is another one
 * @param byGuest the guest's operating system switched the machine off, as the last step of a
 *     shutdown; nobody took its power away, and nothing crashed, as far as the hypervisor can tell
 * @param ago since when it is off
 * @param onAgo when the run began that ended so: switched on, or rebooted by its guest since
 */
public record PowerOff(String id, boolean byGuest, Duration ago, Duration onAgo) {}
