package org.opendvx.server.config;

/** Limits on memory. */
public record MemorySection(
    @Setting(value = "256MiB", says = "Plain chunks that are kept in memory for reads.")
        ByteSize readCache,
    @Setting(
            value = "128MiB",
            says = "The table that finds duplicates; 24 bytes a chunk. When full it samples.")
        ByteSize dedupeIndex,
    @Setting(
            value = "false",
            says =
                "Lock the process in memory and mark its threads as part of write-back, for a"
                    + " hypervisor that mounts this node from the same machine: see"
                    + " [packages.md](packages.md). The node does not start if it cannot.")
        boolean lock) {

  /** Checks the floor of each. */
  public MemorySection {
    atLeast(readCache, "read-cache");
    atLeast(dedupeIndex, "dedupe-index");
  }

  private static void atLeast(ByteSize size, String key) {
    BadSettingException.unless(size.bytes() >= 1 << 20, key, "it is at least 1MiB");
  }
}
