/** The figures of loads: how they are taken, told and compared. */
@NullMarked
package org.opendvx.server.bench.report;

import org.jspecify.annotations.NullMarked;
