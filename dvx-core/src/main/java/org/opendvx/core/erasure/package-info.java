/**
 * P+Q erasure coding: k data shards and two parity shards, any two of which may be lost. Pure
 * computation on byte arrays. Arithmetic and layout: docs/formats/erasure.md.
 */
@NullMarked
package org.opendvx.core.erasure;

import org.jspecify.annotations.NullMarked;
