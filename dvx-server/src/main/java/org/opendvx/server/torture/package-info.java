/**
 * {@code dvx torture}: random work, kills, and a check of everything against a model after each.
 */
@NullMarked
package org.opendvx.server.torture;

import org.jspecify.annotations.NullMarked;
