package org.opendvx.server.api;

import java.util.List;

/**
 * A host that shows the datastore.
 *
 * @param state HELD, RELEASED or DEAD: what became of its lease
 * @param asked whether it is the one that answers
 * @param life rises by one each time it joins
 * @param endpoint where the other hosts reach it, empty when there are none
 * @param roots that it serves: its own name, {@code namespace}, and those of dead hosts
 * @param hypervisors names of the hypervisor host beside it
 */
public record DvxHostView(
    String name,
    String state,
    boolean asked,
    long life,
    String endpoint,
    List<String> roots,
    List<String> hypervisors) {}
