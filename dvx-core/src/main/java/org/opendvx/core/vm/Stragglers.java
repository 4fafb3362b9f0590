package org.opendvx.core.vm;

/** What becomes of a group when one of its machines cannot be held as its policy requires. */
public enum Stragglers {
  /** It is left out; the others are snapshotted. */
  DROP,
  /** No machine gets a restore point. */
  VOID
}
