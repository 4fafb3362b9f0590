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
        Path passphraseFile,
    @Setting(
            says =
                "The PKCS#11 library of a token (HSM, SoftHSM) that holds the key, instead of a"
                    + " file.")
        Path pkcs11Library,
    @Setting(value = "0", says = "Which of the library's slots that have a token, from 0.")
        int pkcs11Slot,
    @Setting(value = "dvx", says = "Label of the AES key of 256 bits on the token.")
        String pkcs11Key,
    @Setting(
            says =
                "A file whose first line is the token's PIN. Only the node's account may read it.")
        Path pkcs11PinFile) {

  private static final int MOST_SLOTS = 256;
  private static final Path NONE = Path.of("");

  /** Refuses several at once. */
  public KeysSection {
    BadSettingException.unless(
        isEmpty(file) || isEmpty(passphraseFile),
        "passphrase-file",
        "either a key file or a passphrase file is given, not both");
    BadSettingException.unless(
        isEmpty(pkcs11Library) || (isEmpty(file) && isEmpty(passphraseFile)),
        "pkcs11-library",
        "either a token or a file is given, not both");
    BadSettingException.unless(
        isEmpty(pkcs11Library) == isEmpty(pkcs11PinFile),
        "pkcs11-pin-file",
        "a token has a library and a PIN");
    BadSettingException.unless(
        pkcs11Slot >= 0 && pkcs11Slot < MOST_SLOTS, "pkcs11-slot", "0 to " + (MOST_SLOTS - 1));
    BadSettingException.unless(!pkcs11Key.isBlank(), "pkcs11-key", "it is empty");
  }

  /** A key file. */
  public static KeysSection ofFile(Path file) {
    return new KeysSection(file, NONE, NONE, 0, "dvx", NONE);
  }

  /** A passphrase in a file. */
  public static KeysSection ofPassphrase(Path passphraseFile) {
    return new KeysSection(NONE, passphraseFile, NONE, 0, "dvx", NONE);
  }

  private static boolean isEmpty(Path path) {
    return path.toString().isEmpty();
  }

  /** Whether a token unlocks the data. */
  public boolean byToken() {
    return !isEmpty(pkcs11Library);
  }

  /** Whether a passphrase unlocks the data. */
  public boolean byPassphrase() {
    return !isEmpty(passphraseFile);
  }
}
