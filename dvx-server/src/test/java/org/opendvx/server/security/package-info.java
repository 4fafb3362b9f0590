/** Tests. */
@NullMarked
package org.opendvx.server.security;

import org.jspecify.annotations.NullMarked;
