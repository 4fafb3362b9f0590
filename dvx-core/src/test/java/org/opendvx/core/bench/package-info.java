/** Benchmarks of the inner loops, run by hand: see the class Benchmarks. */
@NullMarked
package org.opendvx.core.bench;

import org.jspecify.annotations.NullMarked;
