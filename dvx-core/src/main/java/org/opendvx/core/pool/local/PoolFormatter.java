package org.opendvx.core.pool.local;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;

/** Makes a new pool. Only ever when asked to, and never over anything that may be one. */
final class PoolFormatter {
  private static final long FIRST_TERM = 1;
  private static final List<String> OURS =
      List.of(Layout.LABEL, Layout.LABEL_SPARE, Layout.CONTAINERS, Layout.JOURNAL, Layout.RECORDS);

  private PoolFormatter() {}

  /**
   * Labels the drives of a new pool.
   *
   * @throws DvxException EXISTS when any of the folders holds a drive or parts of one; nothing has
   *     been changed then
   */
  static UUID format(LocalPoolConfig config) {
    List<DriveFolder> folders = new ArrayList<>();
    for (Path root : config.roots()) {
      folders.add(config.folders().at(root));
    }
    List<DriveIo> io = new ArrayList<>();
    for (Path root : config.roots()) {
      io.add(new DriveIo(String.valueOf(root.getFileName()), config.ioLimit()));
    }
    try {
      for (int i = 0; i < folders.size(); i++) {
        DriveFolder folder = folders.get(i);
        onDrive(
            io.get(i),
            folder,
            () -> {
              folder.createDirectories(Layout.HERE);
              refuseUsed(folder);
            });
      }
      return label(folders, io);
    } finally {
      io.forEach(DriveIo::close);
    }
  }

  private static UUID label(List<DriveFolder> folders, List<DriveIo> io) {
    UUID pool = UUID.randomUUID();
    long generation = Membership.generation(FIRST_TERM, 0);
    List<Member> members = new ArrayList<>();
    for (int i = 0; i < folders.size(); i++) {
      members.add(new Member(i, UUID.randomUUID(), Member.State.ACTIVE, generation));
    }
    Membership membership = new Membership(generation, members);
    long created = System.currentTimeMillis();
    for (int i = 0; i < folders.size(); i++) {
      DriveFolder folder = folders.get(i);
      onDrive(io.get(i), folder, () -> makeFolders(folder));
    }
    // Labels come last: what has one is complete.
    for (int i = 0; i < folders.size(); i++) {
      DriveFolder folder = folders.get(i);
      DriveLabel label =
          new DriveLabel(pool, members.get(i).drive(), i, false, created, FIRST_TERM, membership);
      onDrive(io.get(i), folder, () -> label.write(folder));
    }
    return pool;
  }

  static void refuseUsed(DriveFolder folder) throws IOException {
    List<String> found = new ArrayList<>();
    folder.list(
        Layout.HERE,
        name -> {
          if (OURS.contains(name)) {
            found.add(name);
          }
        });
    if (!found.isEmpty()) {
      throw DvxException.of(Kind.EXISTS, "The folder already holds a drive, or parts of one")
          .cause("A new pool is made in folders without " + String.join(", ", OURS) + " only")
          .remedy("Open the pool, or empty the folder if it is left over from a failed creation")
          .detail("drive", folder.root())
          .detail("found", found)
          .build();
    }
  }

  static void makeFolders(DriveFolder folder) throws IOException {
    for (String directory : List.of(Layout.CONTAINERS, Layout.JOURNAL, Layout.RECORDS)) {
      folder.createDirectories(directory);
    }
    for (int i = 0; i < Layout.containerFolders(); i++) {
      folder.createDirectories(Layout.containerFolder(i));
    }
    folder.forceDirectory(Layout.CONTAINERS);
    folder.forceDirectory(Layout.HERE);
  }

  /** Work that makes part of a drive. */
  @FunctionalInterface
  interface Step {
    void run() throws IOException;
  }

  static void onDrive(DriveIo io, DriveFolder folder, Step step) {
    try {
      io.call(
          DriveIo.Lane.CONTROL,
          _ -> {
            step.run();
            return null;
          });
    } catch (IOException e) {
      throw DvxException.of(
              IoErrors.isNoSpace(e) ? Kind.NO_SPACE : Kind.UNAVAILABLE,
              "The drive could not be prepared")
          .cause(IoErrors.brief(e))
          .causedBy(e)
          .remedy("Look after the folder, empty it and try again")
          .detail("drive", folder.root())
          .build();
    }
  }
}
