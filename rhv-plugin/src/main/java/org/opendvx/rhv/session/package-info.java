/** One account's connection with one engine: trust, time limits, typed errors. */
@NullMarked
package org.opendvx.rhv.session;

import org.jspecify.annotations.NullMarked;
