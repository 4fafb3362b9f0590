/**
 * The namespace that hypervisors mount: directories, files, snapshots, clones, on top of the log
 * and the trees.
 */
@NullMarked
package org.opendvx.core.datastore;

import org.jspecify.annotations.NullMarked;
