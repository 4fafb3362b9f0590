package org.opendvx.coordinator.protocol;

/** A disk whose volumes are to be frozen. */
public record Disk(int index, String serial, String scsi) {}
