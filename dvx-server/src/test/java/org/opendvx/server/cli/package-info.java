/** Tests. */
@NullMarked
package org.opendvx.server.cli;

import org.jspecify.annotations.NullMarked;
