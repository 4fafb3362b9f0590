package org.opendvx.core.pool.local;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Makes a drive that was shut out fit to be believed again. Whatever it has in its journal and
 * records is old, so both are emptied; records are copied anew. Its label is put back to the
 * membership in force first, in which it is evicted: a crash on the way never leaves a half-filled
 * drive with a label that says more.
 */
final class Readmission {
  private static final int LIMITS = 60;

  private final Drive drive;
  private final MembershipKeeper keeper;
  private final LocalRecordStore records;
  private final Map<String, Long> copied = new HashMap<>();

  Readmission(Drive drive, MembershipKeeper keeper, LocalRecordStore records) {
    this.drive = drive;
    this.keeper = keeper;
    this.records = records;
  }

  /** Empties the journal and the records, and copies the records; changes may go on meanwhile. */
  void prepare() throws IOException {
    DriveLabel label = keeper.label(drive.index());
    drive
        .io()
        .call(
            DriveIo.Lane.CONTROL,
            ticket -> {
              drive.checkPresent();
              ticket.check();
              label.write(drive.folder());
              return null;
            });
    long deadline = System.nanoTime() + LIMITS * (drive.io().deadline() - System.nanoTime());
    drive
        .io()
        .start(
            DriveIo.Lane.WRITE,
            _ -> {
              wipe(drive.folder());
              return null;
            })
        .await(deadline);
    records.copyTo(drive, copied);
  }

  /** Copies what has changed since; changes are kept out. */
  void finish() throws IOException {
    records.copyTo(drive, copied);
  }

  /** Lists its shards. */
  ContainerScan.Found shards() throws IOException {
    long deadline = System.nanoTime() + LIMITS * (drive.io().deadline() - System.nanoTime());
    return drive
        .io()
        .start(DriveIo.Lane.READ, _ -> ContainerScan.list(drive.folder()))
        .await(deadline);
  }

  private static void wipe(DriveFolder folder) throws IOException {
    // Folders that somebody removed by hand are made again.
    for (String directory : List.of(Layout.CONTAINERS, Layout.JOURNAL, Layout.RECORDS)) {
      folder.createDirectories(directory);
    }
    for (int i = 0; i < Layout.containerFolders(); i++) {
      folder.createDirectories(Layout.containerFolder(i));
    }
    folder.forceDirectory(Layout.HERE);
    wipe(folder, Layout.RECORDS);
    List<String> hosts = new ArrayList<>();
    folder.list(Layout.JOURNAL, hosts::add);
    for (String host : hosts) {
      wipe(folder, Layout.journalFolder(host));
    }
  }

  private static void wipe(DriveFolder folder, String directory) throws IOException {
    List<String> names = new ArrayList<>();
    folder.list(directory, names::add);
    for (String name : names) {
      folder.delete(directory + "/" + name);
    }
    folder.forceDirectory(directory);
  }
}
