package org.opendvx.core.pool.local;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Makes a drive that was shut out fit to be believed again. Whatever it has in its journal and
 * records is old, so both are emptied; records are copied anew. Its label says so first, and until
 * a membership is stamped on it: a crash on the way never leaves a half-filled drive that is
 * believed.
 */
final class Readmission {
  private static final int LIMITS = 60;

  private final Drive drive;
  private final LocalRecordStore records;
  private final Map<String, Long> copied = new HashMap<>();

  Readmission(Drive drive, LocalRecordStore records) {
    this.drive = drive;
    this.records = records;
  }

  /** Empties the journal and the records, and copies the records; changes may go on meanwhile. */
  void prepare() throws IOException {
    drive
        .io()
        .call(
            DriveIo.Lane.CONTROL,
            ticket -> {
              drive.checkPresent();
              ticket.check();
              DriveLabel label = DriveLabel.read(drive.folder());
              if (label == null) {
                throw new IOException("its label is damaged");
              }
              Ballast.write(label.withEmptied(), drive, ticket);
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
