/** REST under {@code /api/v1}: resources, roles, problems, limits. */
@NullMarked
package org.opendvx.server.rest;

import org.jspecify.annotations.NullMarked;
