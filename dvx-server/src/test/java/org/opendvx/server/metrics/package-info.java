/** Tests. */
@NullMarked
package org.opendvx.server.metrics;

import org.jspecify.annotations.NullMarked;
