/** Drives over real folders that fail and lie, as a seed says. */
@NullMarked
package org.opendvx.server.torture.drive;

import org.jspecify.annotations.NullMarked;
