/** Tests. */
@NullMarked
package org.opendvx.server.node;

import org.jspecify.annotations.NullMarked;
