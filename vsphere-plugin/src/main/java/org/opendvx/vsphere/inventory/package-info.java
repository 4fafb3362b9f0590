/** What vCenter knows and can be asked to change: machines, hosts, datastores, roles. */
@NullMarked
package org.opendvx.vsphere.inventory;

import org.jspecify.annotations.NullMarked;
