/** What the engine knows: machines, disks, hosts, the storage domain, the role. */
@NullMarked
package org.opendvx.rhv.inventory;

import org.jspecify.annotations.NullMarked;
