package org.opendvx.rhv.sim;

/**
 * What the hosts of the simulated engine do on the mounted domain. Paths begin with a slash, at the
 * folder that the engine was given. Calls block; they come one at a time.
 */
public interface HostMount {
  /** Whether there is something at a path. */
  boolean exists(String path);

  /** Makes a folder and those above it; one that is there stays. */
  void makeFolders(String path);

  /** Makes a file of a size, and the folders above it. */
  void makeFile(String path, long size);

  /** Writes into a file. */
  void write(String path, long offset, byte[] content);

  /** Removes a folder and the files in it, if it is there. */
  void removeFolder(String path);
}
