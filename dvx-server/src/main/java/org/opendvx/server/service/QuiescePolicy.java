package org.opendvx.server.service;

import java.util.Locale;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;

/** Whether the guest holds its writes still while a snapshot is taken. */
public enum QuiescePolicy {
  /** It must, else there is no snapshot. */
  REQUIRE,
  /** It should; the label tells what became of it. */
  TRY,
  /** It is not asked. */
  OFF;

  /**
   * The policy of a word.
   *
   * @throws DvxException INVALID
   */
  public static QuiescePolicy of(String word) {
    for (QuiescePolicy policy : values()) {
      if (policy.name().toLowerCase(Locale.ROOT).equals(word)) {
        return policy;
      }
    }
    throw DvxException.of(Kind.INVALID, "There is no such policy")
        .cause(word + " is none of require, try, off")
        .remedy("Use one of them; try is what holds when none is given")
        .build();
  }
}
