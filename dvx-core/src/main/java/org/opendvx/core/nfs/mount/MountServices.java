package org.opendvx.core.nfs.mount;

import org.opendvx.core.datastore.Datastore;
import org.opendvx.core.nfs.access.ExportRoots;
import org.opendvx.core.nfs.access.Exports;
import org.opendvx.core.nfs.handle.FileHandles;

/** What the MOUNT procedures work with. */
public record MountServices(
    Datastore datastore,
    Exports exports,
    ExportRoots roots,
    FileHandles handles,
    MountTable table) {}
