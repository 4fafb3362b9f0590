/** Tests. */
@NullMarked
package org.opendvx.server.config;

import org.jspecify.annotations.NullMarked;
