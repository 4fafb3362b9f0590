package org.opendvx.server.config;

import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** All that a node is told. */
public record NodeConfig(
    @Setting(says = "the node itself") NodeSection node,
    @Setting(says = "where containers, journal and records are kept") DrivesSection drives,
    @Setting(says = "whether those drives are here or at a data node") PoolSection pool,
    @Setting(says = "one datastore on several hosts") HostSection host,
    @Setting(says = "what unlocks the data") KeysSection keys,
    @Setting(says = "limits on memory") MemorySection memory,
    @Setting(says = "the cache on flash") FlashSection flash,
    @Setting(says = "the NFS server") NfsSection nfs,
    @Setting(says = "the REST server") RestSection rest,
    @Setting(says = "guest agents") AgentsSection agents,
    @Setting(says = "the log") LogSection log,
    @Setting(says = "giving space back") CleanerSection cleaner,
    @Setting(says = "virtualisation managers") List<HypervisorSection> hypervisors) {

  /** Checks what concerns more than one section. */
  public NodeConfig {
    Set<String> names = new HashSet<>();
    for (HypervisorSection hypervisor : hypervisors) {
      BadSettingException.unless(
          names.add(hypervisor.name()),
          "hypervisors",
          "the name " + hypervisor.name() + " is there twice");
    }
  }

  /** The same with another node section. */
  public NodeConfig with(NodeSection other) {
    return new NodeConfig(
        other,
        drives,
        pool,
        host,
        keys,
        memory,
        flash,
        nfs,
        rest,
        agents,
        log,
        cleaner,
        hypervisors);
  }

  /** The same for a process that only looks: without a cleaner and a cache. */
  public NodeConfig forLooking() {
    return new NodeConfig(
        node,
        drives,
        pool,
        host,
        keys,
        memory,
        new FlashSection(List.of(), flash.capacity(), flash.indexMemory(), flash.prefetchRate()),
        nfs,
        rest,
        agents,
        log,
        new CleanerSection(CleanerSection.Mode.OFF, cleaner.rate()),
        hypervisors);
  }

  /** The same with another NFS section. */
  public NodeConfig with(NfsSection other) {
    return new NodeConfig(
        node,
        drives,
        pool,
        host,
        keys,
        memory,
        flash,
        other,
        rest,
        agents,
        log,
        cleaner,
        hypervisors);
  }

  /** The same with another REST section. */
  public NodeConfig with(RestSection other) {
    return new NodeConfig(
        node,
        drives,
        pool,
        host,
        keys,
        memory,
        flash,
        nfs,
        other,
        agents,
        log,
        cleaner,
        hypervisors);
  }

  /** The same with another log section. */
  public NodeConfig with(LogSection other) {
    return new NodeConfig(
        node,
        drives,
        pool,
        host,
        keys,
        memory,
        flash,
        nfs,
        rest,
        agents,
        other,
        cleaner,
        hypervisors);
  }
}
