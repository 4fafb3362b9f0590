/** The machines of the demonstration: their files, their disks, their vCenter. */
@NullMarked
package org.opendvx.server.demo.vm;

import org.jspecify.annotations.NullMarked;
