package org.opendvx.core.pool.local;

import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** The folders that are looked into for drives: those that were configured and those added. */
final class DriveRoots {
  private final CopyOnWriteArrayList<Path> roots;

  DriveRoots(Collection<Path> configured) {
    this.roots = new CopyOnWriteArrayList<>(configured);
  }

  List<Path> all() {
    return List.copyOf(roots);
  }

  void add(Path root) {
    roots.addIfAbsent(root);
  }
}
