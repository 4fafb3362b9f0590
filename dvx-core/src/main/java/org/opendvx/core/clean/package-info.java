/**
 * Gives back the space of what nobody refers to any more, while everything else goes on.
 *
 * <p>A round condemns containers (no new reference to them is made from then on), waits for
 * operations that were under way, writes a checkpoint, walks everything that it reaches, copies
 * what is alive in the condemned containers together, publishes the new places, waits again, and
 * deletes the old ones. Every step is safe to be the last one of a process. docs/cleaner.md tells
 * why.
 */
@NullMarked
package org.opendvx.core.clean;

import org.jspecify.annotations.NullMarked;
