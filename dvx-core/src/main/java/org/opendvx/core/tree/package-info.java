/**
 * Copy-on-write B+ trees whose nodes live in the log: block maps of files, directories, the inode
 * table, the snapshot catalogue.
 *
 * <p>A node in memory may be edited in place only by the tree whose stamp it carries. Freezing a
 * tree hands out its root and gives the tree a new stamp, so that every later edit copies the path
 * that it touches: O(1), whatever the size. Flushing writes the nodes of a frozen tree bottom-up
 * and leaves references in place of them, so that only what is dirty or recently used stays in
 * memory. Nodes that get empty disappear, small neighbours in memory are joined; a tree is never
 * rebalanced otherwise, as is usual for copy-on-write trees.
 */
@NullMarked
package org.opendvx.core.tree;

import org.jspecify.annotations.NullMarked;
