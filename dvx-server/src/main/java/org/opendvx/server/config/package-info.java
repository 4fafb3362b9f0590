/** Configuration: one record a concern, read from YAML, every key documented. */
@NullMarked
package org.opendvx.server.config;

import org.jspecify.annotations.NullMarked;
