/** Metrics for Prometheus: {@code dvx_*}, in base units. */
@NullMarked
package org.opendvx.server.metrics;

import org.jspecify.annotations.NullMarked;
