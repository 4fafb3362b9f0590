package org.opendvx.vsphere.inventory;

import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A file as vSphere names it: {@code [datastore] folder/file}.
 *
 * @param datastore the datastore's name in the inventory
 * @param path the path from the datastore's root, without a leading slash
 */
record DatastorePath(String datastore, String path) {
  private static final Pattern FORM = Pattern.compile("\\[([^\\]]+)\\]\\s*(.*)", Pattern.DOTALL);

  /** Reads vSphere's form; empty when it is another. */
  static Optional<DatastorePath> parse(String text) {
    Matcher match = FORM.matcher(text.strip());
    return match.matches()
        ? Optional.of(new DatastorePath(match.group(1), match.group(2).replaceFirst("^/+", "")))
        : Optional.empty();
  }

  /** The file under our own name for it: from the datastore's root, with a leading slash. */
  String fromRoot() {
    return "/" + path;
  }

  /** The folder's path without a slash at either end, empty at the root. */
  String folder() {
    int slash = path.lastIndexOf('/');
    return slash < 0 ? "" : path.substring(0, slash);
  }

  String fileName() {
    return path.substring(path.lastIndexOf('/') + 1);
  }

  /** The file of this name in the same folder. */
  DatastorePath sibling(String name) {
    return new DatastorePath(datastore, folder().isEmpty() ? name : folder() + "/" + name);
  }

  @Override
  public String toString() {
    return "[" + datastore + "] " + path;
  }
}
