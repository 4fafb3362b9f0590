/**
 * The vCenter simulator as a process, what a person does in it, and machines as ESXi keeps them.
 */
@NullMarked
package org.opendvx.server.simulator;

import org.jspecify.annotations.NullMarked;
