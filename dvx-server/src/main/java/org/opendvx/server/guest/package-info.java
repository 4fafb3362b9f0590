/**
 * A Linux guest without a hypervisor: this machine's kernel mounts file systems whose disks are
 * files of a datastore, reached by qemu's NFS client, and the real agent freezes them. Needs root.
 */
@NullMarked
package org.opendvx.server.guest;

import org.jspecify.annotations.NullMarked;
