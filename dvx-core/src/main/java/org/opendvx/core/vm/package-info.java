/**
 * Virtual machines: the ports that hypervisor adapters and quiescers implement, and the services
 * (snapshot, restore, clone) that use them.
 */
@NullMarked
package org.opendvx.core.vm;

import org.jspecify.annotations.NullMarked;
