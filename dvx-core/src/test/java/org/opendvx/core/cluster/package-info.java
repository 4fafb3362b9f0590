/** Tests of the cluster. */
@NullMarked
package org.opendvx.core.cluster;

import org.jspecify.annotations.NullMarked;
