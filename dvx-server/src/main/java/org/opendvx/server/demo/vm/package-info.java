/** The machines of the demonstration: their disks and their guests. */
@NullMarked
package org.opendvx.server.demo.vm;

import org.jspecify.annotations.NullMarked;
