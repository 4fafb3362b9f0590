/** The daemon: the composition root, its data folder, its log, its start and stop. */
@NullMarked
package org.opendvx.server.node;

import org.jspecify.annotations.NullMarked;
