package org.opendvx.core.cluster;

/**
 * Which root owns a file.
 *
 * @param epoch rises with every change
 * @param heir the root that it is about to go to; empty for none
 */
record Owner(String root, long epoch, String heir) {
  boolean moving() {
    return !heir.isEmpty();
  }

  Owner towards(String root) {
    return new Owner(this.root, epoch, root);
  }

  /** The same root under a higher epoch, so that no hand-over begun before can end. */
  Owner renewed() {
    return new Owner(root, epoch + 1, "");
  }

  /** The heir as owner. */
  Owner inherited() {
    return new Owner(heir, epoch + 1, "");
  }
}
