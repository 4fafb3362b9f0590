package org.opendvx.core.codec;

import org.jspecify.annotations.Nullable;

/** Where a key encryption key comes from; the code is stored in wrapped key rings. */
enum KeyMethod {
  KEY_FILE(1, "key file"),
  PASSPHRASE(2, "passphrase"),
  TOKEN(3, "PKCS#11 token");

  private final byte code;
  private final String words;

  KeyMethod(int code, String words) {
    this.code = (byte) code;
    this.words = words;
  }

  byte code() {
    return code;
  }

  /** How to call it towards a person. */
  String words() {
    return words;
  }

  static @Nullable KeyMethod of(byte code) {
    for (KeyMethod method : values()) {
      if (method.code == code) {
        return method;
      }
    }
    return null;
  }
}
