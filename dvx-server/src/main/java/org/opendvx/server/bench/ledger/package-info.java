/** What a client has sent, what was acknowledged, and what of it must survive a crash. */
@NullMarked
package org.opendvx.server.bench.ledger;

import org.jspecify.annotations.NullMarked;
