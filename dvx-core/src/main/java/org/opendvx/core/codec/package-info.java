/**
 * What happens to bytes between memory and a container slot: fingerprint, compression, sealing; and
 * the keys for it.
 *
 * <p>Everything here works on byte arrays, does no input or output except for key files, and never
 * blocks. All numbers in formats are big-endian. Byte tables: docs/formats/slot.md and
 * docs/formats/keyring.md.
 */
@NullMarked
package org.opendvx.core.codec;

import org.jspecify.annotations.NullMarked;
