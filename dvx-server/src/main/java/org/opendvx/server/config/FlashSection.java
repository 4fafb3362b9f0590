package org.opendvx.server.config;

import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;

/** The cache on this host's flash. */
public record FlashSection(
    @Setting(
            says =
                "Block devices, files or folders on flash that hold a cache of what is read and"
                    + " written; their content is lost to other uses. Empty: no cache. Worth it when"
                    + " the pool is slower than they are, as with `pool.kind: remote`.")
        List<Path> devices,
    @Setting(
            value = "0",
            says =
                "The most that may be used of each device. `0`: all of a block device or file, nine"
                    + " tenths of what the file system of a folder has free.")
        ByteSize capacity,
    @Setting(
            value = "128MiB",
            says =
                "Memory for the index: 8 bytes for each chunk that the cache can hold, which is"
                    + " about 3 GiB for 1 TiB of chunks that compress to two thirds.")
        ByteSize indexMemory,
    @Setting(
            value = "512MiB",
            says =
                "Bytes a second at the most that are fetched ahead of reads from the flash of other"
                    + " hosts, for machines that move here (`dvx host`). Less is fetched while that"
                    + " slows answers. `0`: nothing is fetched ahead.")
        ByteSize prefetchRate) {
  private static final int MAX_DEVICES = 64;

  /** Checks the numbers. */
  public FlashSection {
    BadSettingException.unless(
        devices.size() <= MAX_DEVICES, "devices", "there are more than " + MAX_DEVICES);
    BadSettingException.unless(
        new HashSet<>(devices).size() == devices.size(), "devices", "a device is there twice");
    BadSettingException.unless(
        indexMemory.bytes() >= 1 << 20 && indexMemory.bytes() <= 15L << 30,
        "index-memory",
        "it is 1MiB to 15GiB");
  }
}
