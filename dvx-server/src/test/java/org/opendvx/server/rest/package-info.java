/** Tests. */
@NullMarked
package org.opendvx.server.rest;

import org.jspecify.annotations.NullMarked;
