/**
 * The pool on a list of drives of this process: each drive is a folder with a label, shards of
 * containers, journal segments and copies of the records.
 *
 * <p>Layers, lowest first: {@link org.opendvx.core.pool.local.DriveFolder} (files of one drive, the
 * seam for fault injection), {@code DriveIo} (threads and time limits), {@code MembershipKeeper}
 * (who is believed), records, journal and containers on top, {@link
 * org.opendvx.core.pool.local.LocalPool} around them. Byte tables: docs/formats/drive.md, shard.md,
 * journal-segment.md, record.md.
 */
@NullMarked
package org.opendvx.core.pool.local;

import org.jspecify.annotations.NullMarked;
