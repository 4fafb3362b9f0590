package org.opendvx.core.log;

import org.jspecify.annotations.Nullable;

/** What a container holds; stored in its header and footer. */
enum ContainerKind {
  /** Chunks of files, in the container that their addresses name. */
  DATA(1),
  /** Nodes of trees, in the container that their addresses name. */
  META(2),
  /** Slots whose addresses name other containers: what the cleaner moved together. */
  MOVED(3);

  private final byte code;

  ContainerKind(int code) {
    this.code = (byte) code;
  }

  byte code() {
    return code;
  }

  static @Nullable ContainerKind of(byte code) {
    for (ContainerKind kind : values()) {
      if (kind.code == code) {
        return kind;
      }
    }
    return null;
  }
}
