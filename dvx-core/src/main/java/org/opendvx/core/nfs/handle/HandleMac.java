package org.opendvx.core.nfs.handle;

/**
 * A keyed pseudo-random function over a file handle's 24 bytes. Thread-safe, fast (it runs for
 * every handle that arrives or leaves), and the same after a restart and on every host.
 */
@FunctionalInterface
public interface HandleMac {

  /** The tag of a handle's three words. */
  Tag tag(long head, long snapshot, long file);

  /** 128 bits. */
  record Tag(long high, long low) {}
}
