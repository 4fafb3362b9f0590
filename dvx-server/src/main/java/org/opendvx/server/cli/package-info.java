/** The {@code dvx} command's subcommands that talk to a node, and those that need none. */
@NullMarked
package org.opendvx.server.cli;

import org.jspecify.annotations.NullMarked;
