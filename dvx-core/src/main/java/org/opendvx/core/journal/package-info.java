/**
 * A host's journal: records in one order, made durable in batches by one writer thread.
 *
 * <p>Formats: docs/formats/journal-record.md.
 */
@NullMarked
package org.opendvx.core.journal;

import org.jspecify.annotations.NullMarked;
