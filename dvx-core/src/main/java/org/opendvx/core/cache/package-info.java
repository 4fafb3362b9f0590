/**
 * Sealed slots kept nearer than the pool: a log-structured cache on the flash of this host, keyed
 * by chunk address. Format: docs/formats/flash-segment.md.
 */
@NullMarked
package org.opendvx.core.cache;

import org.jspecify.annotations.NullMarked;
