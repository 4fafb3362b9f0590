/**
 * Several hosts over one pool as one datastore: leases, take-over of a dead host's root, ownership
 * of files, forwarding, hand-over, cuts over several owners. The rules and why they are safe:
 * docs/hosts.md.
 */
@NullMarked
package org.opendvx.core.cluster;

import org.jspecify.annotations.NullMarked;
