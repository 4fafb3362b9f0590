/**
 * What a data node and its hosts say to each other: frames, operations, encodings, TLS. Format:
 * docs/formats/pool-protocol.md.
 */
@NullMarked
package org.opendvx.core.pool.wire;

import org.jspecify.annotations.NullMarked;
