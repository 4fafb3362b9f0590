package org.opendvx.server.node;

import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;

/** The real parts of a node. */
public final class RealParts {
  private RealParts() {}

  /** All of them. */
  public static Parts parts() {
    return new Parts(
        (_, _) -> {
          throw missing();
        },
        (_, _) -> {
          throw missing();
        },
        (_, _) -> {
          throw missing();
        },
        _ -> {
          throw missing();
        });
  }

  private static DvxException missing() {
    return DvxException.of(Kind.UNSUPPORTED, "The engine is not part of this build").build();
  }
}
