package org.opendvx.core.nfs.handle;

import org.opendvx.core.datastore.FileKey;

/**
 * What a file handle says.
 *
 * @param export the id of the export through which the client reached the file
 * @param key the file
 */
public record FileHandle(int export, FileKey key) {}
