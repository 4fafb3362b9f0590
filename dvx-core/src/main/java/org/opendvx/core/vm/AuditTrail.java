package org.opendvx.core.vm;

import java.util.Map;

/** Keeps for good who did what to which machine. Thread-safe. */
@FunctionalInterface
public interface AuditTrail {
  /** Keeps nothing: for tools and tests. */
  AuditTrail NONE = (_, _, _, _) -> {};

  /**
   * Writes one record; durable when it returns.
   *
   * @param kind a word for programs, such as {@code freeze}
   * @param who who asked for it
   * @param subject what it was done to, such as a machine's reference
   * @param facts texts, numbers, booleans, and lists and maps of them; no secrets
   * @throws org.opendvx.core.error.DvxException when it cannot be written; what was to be recorded
   *     must then not be done
   */
  void record(String kind, String who, String subject, Map<String, ?> facts);
}
