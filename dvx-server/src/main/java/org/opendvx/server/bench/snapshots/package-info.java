/** What snapshots cost by how many there are. */
@NullMarked
package org.opendvx.server.bench.snapshots;

import org.jspecify.annotations.NullMarked;
