/** {@code dvx demo}: the whole product in a few minutes, on real bytes, with its figures. */
@NullMarked
package org.opendvx.server.demo;

import org.jspecify.annotations.NullMarked;
