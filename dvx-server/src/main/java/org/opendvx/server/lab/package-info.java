/** Nodes as processes of one machine, for what tortures, measures and tests them together. */
@NullMarked
package org.opendvx.server.lab;

import org.jspecify.annotations.NullMarked;
