/**
 * Stands in for the node beside a hypervisor while that node is down: relays its hypervisor's NFS
 * connections to another host of the same datastore. It holds no key and no data.
 */
@NullMarked
package org.opendvx.server.forward;

import org.jspecify.annotations.NullMarked;
