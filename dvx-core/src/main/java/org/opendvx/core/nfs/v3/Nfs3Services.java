package org.opendvx.core.nfs.v3;

import org.opendvx.core.datastore.Datastore;
import org.opendvx.core.nfs.access.ExportRoots;
import org.opendvx.core.nfs.access.Exports;
import org.opendvx.core.nfs.handle.FileHandles;

/**
 * What the procedures work with.
 *
 * @param replies of calls that must not be applied twice
 * @param tags names those calls
 */
public record Nfs3Services(
    Datastore datastore,
    Exports exports,
    ExportRoots roots,
    FileHandles handles,
    ReplyCache replies,
    RequestTags tags) {}
