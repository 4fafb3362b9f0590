package org.opendvx.server.config;

/** All that a data node is told. */
public record DataNodeConfig(
    @Setting(says = "the data node itself") DataNodeSection datanode,
    @Setting(says = "where containers, journals and records are kept") DrivesSection drives,
    @Setting(value = "port: 7342", says = "the REST server") RestSection rest,
    @Setting(says = "the log") LogSection log) {}
