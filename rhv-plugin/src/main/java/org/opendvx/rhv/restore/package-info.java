/** New machines of restore points: disks made by the engine, content by reference. */
@NullMarked
package org.opendvx.rhv.restore;

import org.jspecify.annotations.NullMarked;
