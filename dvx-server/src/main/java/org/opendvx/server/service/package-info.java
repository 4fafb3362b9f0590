/** What a node does for REST: tasks, events, connections to hypervisors, snapshots. */
@NullMarked
package org.opendvx.server.service;

import org.jspecify.annotations.NullMarked;
