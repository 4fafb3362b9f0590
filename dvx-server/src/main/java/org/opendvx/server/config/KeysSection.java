package org.opendvx.server.config;

import java.nio.file.Path;

/** What unlocks the data. An empty path stands for "not given". */
public record KeysSection(
    @Setting(
            says =
                "The key file, 32 bytes that only the node's account may read. Empty:"
                    + " `keys/pool.key` in the data folder, made at the first start. Keep a copy:"
                    + " without it the data is lost.")
        Path file,
    @Setting(
            says =
                "A file whose first line is a passphrase, instead of a key file. Only the node's"
                    + " account may read it.")
        Path passphraseFile) {

  /** Refuses both at once. */
  public KeysSection {
    BadSettingException.unless(
        file.toString().isEmpty() || passphraseFile.toString().isEmpty(),
        "passphrase-file",
        "either a key file or a passphrase file is given, not both");
  }

  /** Whether a passphrase unlocks the data. */
  public boolean byPassphrase() {
    return !passphraseFile.toString().isEmpty();
  }
}
