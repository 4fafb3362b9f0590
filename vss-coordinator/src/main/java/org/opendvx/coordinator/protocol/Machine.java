package org.opendvx.coordinator.protocol;

import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * What a guest says of the machine that it runs on. It proves nothing.
 *
 * @param platform {@code windows} or {@code linux}
 * @param biosUuid 32 hex digits as the SMBIOS table's bytes stand
 * @param bootId changes with each boot
 */
public record Machine(
    String platform,
    String os,
    String hostName,
    String biosUuid,
    String generationId,
    List<String> macs,
    String bootId) {
  private static final int MAX = 256;
  private static final int MAX_MACS = 64;

  /** Checks the limits. */
  public Machine(
      @Nullable String platform,
      @Nullable String os,
      @Nullable String hostName,
      @Nullable String biosUuid,
      @Nullable String generationId,
      @Nullable List<String> macs,
      @Nullable String bootId) {
    this.platform = Limits.name(platform, "machine.platform", MAX);
    this.os = Limits.name(os, "machine.os", MAX);
    this.hostName = Limits.name(hostName, "machine.hostName", MAX);
    this.biosUuid = Limits.name(biosUuid, "machine.biosUuid", MAX).toLowerCase(Locale.ROOT);
    this.generationId = Limits.name(generationId, "machine.generationId", MAX);
    this.macs =
        Limits.list(macs, "machine.macs", MAX_MACS).stream()
            .map(mac -> Limits.name(mac, "machine.macs", MAX).toLowerCase(Locale.ROOT))
            .toList();
    this.bootId = Limits.name(bootId, "machine.bootId", MAX);
  }
}
