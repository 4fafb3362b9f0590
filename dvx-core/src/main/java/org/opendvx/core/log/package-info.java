/**
 * The log: chunks and tree nodes on their way into write-once containers, and back.
 *
 * <p>See {@link org.opendvx.core.log.ChunkLog} for the rules of order between log and journal.
 */
@NullMarked
package org.opendvx.core.log;

import org.jspecify.annotations.NullMarked;
