/** Tests of the demonstration, and that it runs. */
@NullMarked
package org.opendvx.server.demo;

import org.jspecify.annotations.NullMarked;
