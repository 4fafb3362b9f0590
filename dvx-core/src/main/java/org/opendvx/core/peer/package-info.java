/**
 * Chunks from other hosts' flash: who has what, asking for it, and answering. Messages:
 * docs/formats/peer-protocol.md.
 */
@NullMarked
package org.opendvx.core.peer;

import org.jspecify.annotations.NullMarked;
