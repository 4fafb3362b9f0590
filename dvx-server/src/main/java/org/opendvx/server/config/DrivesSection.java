package org.opendvx.server.config;

import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import org.opendvx.core.pool.local.DriveCareSettings;

/** Where containers, journal and records are kept. */
public record DrivesSection(
    @Setting(
            says =
                "The drive folders, each on a drive of its own; at least three for data that"
                    + " survives two of them. Empty: `drive1` to `drive6` in the data folder.")
        List<Path> folders,
    @Setting(
            value = "0",
            says =
                "The most that may be used of each drive, such as `500GiB`. `0`: what its file"
                    + " system has.")
        ByteSize capacity,
    @Setting(
            value = "10m",
            says =
                "How long a drive may be away before what it had is rebuilt on the others. `dvx"
                    + " drives rebuild` does not wait.")
        Duration rebuildDelay,
    @Setting(
            value = "200MiB",
            says = "What rebuilding, emptying and rebalancing read and write a second at the most.")
        ByteSize rebuildRate,
    @Setting(
            value = "14d",
            says = "How often everything is read and checked. `0s`: only by `dvx drives scrub`.")
        Duration scrubEvery,
    @Setting(value = "32MiB", says = "What a scrub reads a second at the most.") ByteSize scrubRate,
    @Setting(
            value = "128MiB",
            says =
                "Room on each drive for what must go on when another program"
                    + " has filled its file system, at most a 32nd of the drive and"
                    + " 16GiB. `0`: none.")
        ByteSize ballast) {
  private static final int MAX_DRIVES = 64;

  /** A node that is there for a moment, such as one that is tried out, writes none. */
  private static final Duration BALLAST_DELAY = Duration.ofSeconds(30);

  private static final Duration LONGEST = Duration.ofDays(365);

  /** Checks the number of folders. */
  public DrivesSection {
    BadSettingException.unless(
        folders.size() <= MAX_DRIVES, "folders", "there are more than " + MAX_DRIVES);
    BadSettingException.unless(
        new HashSet<>(folders).size() == folders.size(), "folders", "a folder is there twice");
    BadSettingException.unless(
        rebuildDelay.compareTo(LONGEST) <= 0, "rebuild-delay", "it is at most 365d");
    BadSettingException.unless(scrubEvery.compareTo(LONGEST) <= 0, "scrub-every", "at most 365d");
    BadSettingException.unless(rebuildRate.bytes() >= 1 << 20, "rebuild-rate", "at least 1MiB");
    BadSettingException.unless(
        ballast.bytes() <= DriveCareSettings.MOST_BALLAST, "ballast", "at most 16GiB");
    BadSettingException.unless(scrubRate.bytes() >= 1 << 20, "scrub-rate", "at least 1MiB");
  }

  /** When and how fast drives are looked after. */
  public DriveCareSettings care() {
    return new DriveCareSettings(
        rebuildDelay,
        rebuildRate.bytes(),
        scrubEvery,
        scrubRate.bytes(),
        ballast.bytes(),
        BALLAST_DELAY);
  }
}
