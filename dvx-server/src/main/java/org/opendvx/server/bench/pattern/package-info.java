/** The bytes that loads write: self-describing, of a chosen compressibility, checked when read. */
@NullMarked
package org.opendvx.server.bench.pattern;

import org.jspecify.annotations.NullMarked;
