package org.opendvx.server.config;

import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;

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
        ByteSize capacity) {
  private static final int MAX_DRIVES = 64;

  /** Checks the number of folders. */
  public DrivesSection {
    BadSettingException.unless(
        folders.size() <= MAX_DRIVES, "folders", "there are more than " + MAX_DRIVES);
    BadSettingException.unless(
        new HashSet<>(folders).size() == folders.size(), "folders", "a folder is there twice");
  }
}
