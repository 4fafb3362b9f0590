package org.opendvx.core.pool.local;

import java.io.IOException;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A live segment of a journal. Guarded by its journal. */
final class Segment {
  private static final Logger LOG = LoggerFactory.getLogger(Segment.class);

  private final long number;
  private final Map<Integer, DriveFile> files = new HashMap<>();

  /** Read without the journal's lock, too. */
  private volatile List<JournalManifest.Mirror> mirrors;

  private long lastSequence;
  private boolean pinned;
  private boolean checked = true;
  private long firstPreceding = Long.MIN_VALUE;
  private int end = BatchFrame.FIRST_OFFSET;

  Segment(JournalManifest.Entry entry) {
    this.number = entry.number();
    this.mirrors = entry.mirrors();
    this.lastSequence = Long.MAX_VALUE;
  }

  long number() {
    return number;
  }

  List<JournalManifest.Mirror> mirrors() {
    return mirrors;
  }

  void setMirrors(List<JournalManifest.Mirror> next) {
    mirrors = List.copyOf(next);
  }

  /** Sequence of the last record in it or before it; the highest long while that is not known. */
  long lastSequence() {
    return lastSequence;
  }

  void setLastSequence(long sequence) {
    lastSequence = sequence;
  }

  /** Sequence before its first batch, if it was opened by this process; else the lowest long. */
  long firstPreceding() {
    return firstPreceding;
  }

  /** It begins after a sequence. */
  void begin(long preceding) {
    firstPreceding = preceding;
    lastSequence = preceding;
  }

  /** Whether it must stay for now, though nobody needs its batches. */
  boolean pinned() {
    return pinned;
  }

  void pin(boolean stay) {
    pinned = stay;
  }

  /** Whether all copies were read whole, or written, by this process. */
  boolean checked() {
    return checked;
  }

  void checked(boolean whole) {
    checked = whole;
  }

  /** Where the next frame goes. */
  int end() {
    return end;
  }

  void advance(int bytes) {
    end += bytes;
  }

  /** Copies on drives in use. */
  int copies(PoolView view) {
    return mirrorsOn(view).size();
  }

  /** Its mirrors on drives in use, in their order. */
  Map<Drive, JournalManifest.Mirror> mirrorsOn(PoolView view) {
    Map<Drive, JournalManifest.Mirror> there = new LinkedHashMap<>();
    for (JournalManifest.Mirror mirror : mirrors) {
      Drive drive = mirror.on(view);
      if (drive != null) {
        there.put(drive, mirror);
      }
    }
    return there;
  }

  JournalManifest.Entry entry() {
    return new JournalManifest.Entry(number, mirrors);
  }

  /** The open file on a drive, opened when first asked for. On a thread of the drive. */
  DriveFile file(Drive drive, String path) throws IOException {
    synchronized (files) {
      DriveFile open = files.get(drive.index());
      if (open != null) {
        return open;
      }
    }
    DriveFile fresh = drive.folder().openDirect(path, false);
    synchronized (files) {
      files.put(drive.index(), fresh);
    }
    return fresh;
  }

  /** Closes what is open; nothing is appended any more. */
  void closeFiles() {
    synchronized (files) {
      for (DriveFile file : files.values()) {
        try {
          file.close();
        } catch (IOException e) {
          LOG.debug("A journal file was not closed", e);
        }
      }
      files.clear();
    }
  }
}
