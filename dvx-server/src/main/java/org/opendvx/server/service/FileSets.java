package org.opendvx.server.service;

import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.opendvx.core.datastore.Caller;
import org.opendvx.core.datastore.Datastore;
import org.opendvx.core.datastore.Datastore.Entry;
import org.opendvx.core.datastore.Datastore.Found;
import org.opendvx.core.datastore.Datastore.Listing;
import org.opendvx.core.datastore.FileKey;
import org.opendvx.core.datastore.FileType;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;

/** Finds the files that a set of paths stands for: files themselves, folders with all below. */
final class FileSets {
  /** Most files of one snapshot. */
  static final int MAX_FILES = 10_000;

  private static final int PAGE = 1024;
  private static final String WHAT = "The files of the snapshot cannot be found";

  private final Datastore datastore;

  FileSets(Datastore datastore) {
    this.datastore = datastore;
  }

  /** The live files of the paths, without duplicates. */
  List<FileKey> files(List<String> paths) {
    return List.copyOf(named(paths).keySet());
  }

  /** The live files of the paths, each with a path of its own. */
  Map<FileKey, String> named(List<String> paths) {
    Map<FileKey, String> files = new LinkedHashMap<>();
    for (String path : paths) {
      Found found = find(path);
      if (found.attributes().type() == FileType.DIRECTORY) {
        addBelow(new Folder(found.key(), path.replaceFirst("/+$", "")), files);
      } else {
        add(found.key(), path, files);
      }
    }
    if (files.isEmpty()) {
      throw DvxException.of(Kind.INVALID, WHAT)
          .cause("The paths hold no file")
          .remedy("Name files, or folders that hold some")
          .detail("paths", paths)
          .build();
    }
    return files;
  }

  private Found find(String path) {
    if (!path.startsWith("/") || path.length() > 4096) {
      throw DvxException.of(Kind.INVALID, WHAT)
          .cause("A path starts with a slash, from the datastore's root")
          .remedy("Name it as the datastore has it")
          .detail("path", path)
          .build();
    }
    FileKey at = FileKey.ROOT;
    Found found = null;
    for (String name : path.split("/", -1)) {
      if (name.isEmpty()) {
        continue;
      }
      if (name.equals(".") || name.equals("..") || name.equals(".snapshots")) {
        throw DvxException.of(Kind.INVALID, WHAT)
            .cause("A path of a snapshot names live files, without . and ..")
            .remedy("Name it from the datastore's root")
            .detail("path", path)
            .build();
      }
      found =
          Futures.await(
              "There is nothing at " + path,
              datastore.lookup(Caller.SYSTEM, at, name.getBytes(StandardCharsets.UTF_8)));
      at = found.key();
    }
    if (found != null) {
      return found;
    }
    return Futures.await(WHAT, datastore.lookup(Caller.SYSTEM, at, new byte[] {'.'}));
  }

  private record Folder(FileKey key, String path) {}

  private void addBelow(Folder top, Map<FileKey, String> files) {
    Deque<Folder> folders = new ArrayDeque<>(List.of(top));
    while (!folders.isEmpty()) {
      Folder folder = folders.removeFirst();
      long cookie = 0;
      Listing page;
      do {
        page = Futures.await(WHAT, datastore.list(Caller.SYSTEM, folder.key(), cookie, PAGE));
        for (Entry entry : page.entries()) {
          String name = new String(entry.name(), StandardCharsets.UTF_8);
          cookie = entry.cookie();
          if (name.equals(".") || name.equals("..") || entry.key().equals(FileKey.SNAPSHOTS)) {
            continue;
          }
          if (entry.attributes().type() == FileType.DIRECTORY) {
            folders.addLast(new Folder(entry.key(), folder.path() + "/" + name));
          } else {
            add(entry.key(), folder.path() + "/" + name, files);
          }
        }
      } while (!page.end() && !page.entries().isEmpty());
    }
  }

  private static void add(FileKey file, String path, Map<FileKey, String> files) {
    files.putIfAbsent(file, path);
    if (files.size() > MAX_FILES) {
      throw DvxException.of(Kind.INVALID, "The snapshot would hold too many files")
          .cause("A snapshot holds at most " + MAX_FILES + " files")
          .remedy("Name fewer folders, or take several snapshots")
          .build();
    }
  }
}
