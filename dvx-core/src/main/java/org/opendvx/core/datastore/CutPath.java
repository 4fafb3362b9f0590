package org.opendvx.core.datastore;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.LongFunction;
import org.opendvx.core.datastore.Change.SnapshotAmend;
import org.opendvx.core.datastore.Change.SnapshotDrop;
import org.opendvx.core.datastore.Change.SnapshotHead;
import org.opendvx.core.datastore.Change.SnapshotJoined;
import org.opendvx.core.datastore.Change.SnapshotNode;
import org.opendvx.core.datastore.Change.SnapshotPut;
import org.opendvx.core.datastore.Snapshots.Cut;
import org.opendvx.core.datastore.Snapshots.CutRequest;
import org.opendvx.core.datastore.Snapshots.SnapshotInfo;
import org.opendvx.core.tree.RootRef;

/** Takes and deletes snapshots. Thread-safe. */
final class CutPath {
  private static final int MAX_FILES = 10_000;
  private static final int MAX_TOGETHER = 256;
  private static final int MAX_LABELS = 64;
  private static final int MAX_LABEL_KEY = 64;
  private static final int MAX_LABEL_VALUE = 1024;
  private static final int MAX_DOCUMENT = 512 << 10;
  private static final byte[] NO_NAME = {};

  private final Files files;
  private final SnapshotCatalogue snapshots;
  private final SnapshotView view;
  private final Locks locks;
  private final IdRange ids;
  private final Transactions transactions;
  private final Admission admission;
  private final CatalogueRoom room;

  CutPath(
      Files files,
      SnapshotCatalogue snapshots,
      SnapshotView view,
      Locks locks,
      IdRange ids,
      Transactions transactions,
      Admission admission,
      CatalogueRoom room) {
    this.files = files;
    this.snapshots = snapshots;
    this.view = view;
    this.locks = locks;
    this.ids = ids;
    this.transactions = transactions;
    this.admission = admission;
    this.room = room;
  }

  CompletableFuture<Cut> cut(CutRequest request, long startNanos) {
    check(request);
    room.require();
    admission.admitFlow(request.document().length + 256L * request.files().size());
    locks.catalogue.lock();
    try {
      if (snapshots.find(request.name()) != 0) {
        throw new FileException(FileError.EXISTS, "there is a snapshot of that name");
      }
      long id = ids.next();
      long stamp = locks.namespace.readLock();
      try {
        List<Place> places = places(request, files::live);
        return freeze(id, request, places, startNanos);
      } finally {
        locks.namespace.unlockRead(stamp);
      }
    } finally {
      locks.catalogue.unlock();
    }
  }

  private CompletableFuture<Cut> freeze(
      long id, CutRequest request, List<Place> places, long startNanos) {
    SnapshotHead head;
    long lsn;
    long held = System.nanoTime();
    long stamp = locks.cut.writeLock();
    try {
      long now = transactions.clock().now();
      List<SnapshotNode> nodes = new ArrayList<>(places.size());
      int members = 0;
      long bytes = 0;
      for (Place place : places) {
        InodeImage image = place.inode.image();
        nodes.add(new SnapshotNode(place.inode.id, place.parent, place.name, place.member, image));
        if (place.member) {
          members++;
          bytes += image.size();
        }
      }
      head = new SnapshotHead(id, request.name(), now, request.labels(), members, bytes);
      lsn = transactions.commit(List.of(new SnapshotPut(head, request.document(), nodes)), null);
    } finally {
      locks.cut.unlockWrite(stamp);
    }
    long heldNanos = System.nanoTime() - held;
    view.changed(head.created());
    return transactions
        .durable(lsn, head)
        .thenApply(
            done ->
                new Cut(info(done, request.document()), heldNanos, System.nanoTime() - startNanos));
  }

  /**
   * Takes snapshots of files that their owners froze, in one record.
   *
   * @param parcels of the members by file id: see {@link Ownership#settle}
   */
  CompletableFuture<List<Cut>> join(
      List<CutRequest> requests, Map<Long, byte[]> parcels, long heldNanos, long startNanos) {
    checkTogether(requests);
    long bytes = 0;
    for (CutRequest request : requests) {
      bytes += request.document().length + 512L * request.files().size();
    }
    room.require();
    admission.admitFlow(bytes);
    locks.catalogue.lock();
    try {
      List<Long> own = own(requests);
      long stamp = locks.namespace.readLock();
      try {
        List<List<Place>> places = new ArrayList<>(requests.size());
        for (CutRequest request : requests) {
          places.add(places(request, files::known));
        }
        return join(own, requests, places, parcels, heldNanos, startNanos);
      } finally {
        locks.namespace.unlockRead(stamp);
      }
    } finally {
      locks.catalogue.unlock();
    }
  }

  /** Ids for new snapshots; the catalogue is locked. */
  private List<Long> own(List<CutRequest> requests) {
    List<Long> own = new ArrayList<>(requests.size());
    for (CutRequest request : requests) {
      if (snapshots.find(request.name()) != 0) {
        throw new FileException(FileError.EXISTS, "there is a snapshot of that name");
      }
      own.add(ids.next());
    }
    return own;
  }

  private CompletableFuture<List<Cut>> join(
      List<Long> own,
      List<CutRequest> requests,
      List<List<Place>> places,
      Map<Long, byte[]> parcels,
      long heldNanos,
      long startNanos) {
    List<SnapshotHead> heads = new ArrayList<>(requests.size());
    long lsn;
    long now;
    try (Transaction transaction = transactions.begin(Caller.SYSTEM)) {
      now = transaction.now();
      for (int i = 0; i < requests.size(); i++) {
        SnapshotJoined joined =
            joined(own.get(i), requests.get(i), places.get(i), parcels, transaction.now());
        heads.add(joined.head());
        transaction.add(joined);
      }
      lsn = transaction.commit(null);
    }
    view.changed(now);
    return transactions
        .durable(lsn, heads)
        .thenApply(done -> cuts(done, requests, heldNanos, System.nanoTime() - startNanos));
  }

  private static List<Cut> cuts(
      List<SnapshotHead> heads, List<CutRequest> requests, long heldNanos, long totalNanos) {
    List<Cut> cuts = new ArrayList<>(heads.size());
    for (int i = 0; i < heads.size(); i++) {
      cuts.add(new Cut(info(heads.get(i), requests.get(i).document()), heldNanos, totalNanos));
    }
    return cuts;
  }

  private static SnapshotJoined joined(
      long id, CutRequest request, List<Place> places, Map<Long, byte[]> parcels, long now) {
    List<SnapshotNode> nodes = new ArrayList<>(places.size());
    List<RootRef> contents = new ArrayList<>(places.size());
    int members = 0;
    long bytes = 0;
    for (Place place : places) {
      InodeImage image = place.inode.image();
      RootRef content = RootRef.EMPTY;
      byte[] parcel = place.member ? parcels.get(place.inode.id) : null;
      if (parcel != null) {
        InodeCodec.Stored stored = InodeCodec.decodeStored(parcel);
        image = stored.image();
        content = stored.content();
      } else if (place.member && image.regular()) {
        throw new FileException(FileError.INVALID, "file " + place.inode.id + " was not frozen");
      }
      nodes.add(new SnapshotNode(place.inode.id, place.parent, place.name, place.member, image));
      contents.add(content);
      if (place.member) {
        members++;
        bytes += image.size();
      }
    }
    SnapshotHead head = new SnapshotHead(id, request.name(), now, request.labels(), members, bytes);
    return new SnapshotJoined(head, request.document(), nodes, contents);
  }

  static SnapshotInfo info(SnapshotHead head, byte[] document) {
    return new SnapshotInfo(
        head.id(),
        head.name(),
        head.created(),
        head.labels(),
        document,
        head.files(),
        head.bytes());
  }

  private static void check(CutRequest request) {
    Names.checkSnapshot(request.name());
    if (request.files().size() > MAX_FILES) {
      throw new FileException(FileError.INVALID, "more than " + MAX_FILES + " files");
    }
    check(request.labels(), request.document());
  }

  private static void check(Map<String, String> labels, byte[] document) {
    if (document.length > MAX_DOCUMENT) {
      throw new FileException(FileError.INVALID, "a document above 512 KiB");
    }
    if (labels.size() > MAX_LABELS) {
      throw new FileException(FileError.INVALID, "more than " + MAX_LABELS + " labels");
    }
    labels.forEach(
        (key, value) -> {
          if (key.length() > MAX_LABEL_KEY || value.length() > MAX_LABEL_VALUE) {
            throw new FileException(FileError.INVALID, "the label " + key + " is too long");
          }
        });
  }

  /** Where a file or directory is at the cut. */
  @SuppressWarnings("ArrayRecordComponent") // carried, never compared
  private record Place(Inode inode, long parent, byte[] name, boolean member) {}

  /** The files and the directories above them. The namespace is locked. */
  private List<Place> places(CutRequest request, LongFunction<Inode> find) {
    Map<Long, Place> places = new LinkedHashMap<>();
    Inode root = files.live(FileKey.ROOT_FILE);
    places.put(root.id, new Place(root, 0, NO_NAME, false));
    for (FileKey key : request.files()) {
      Files.requireChangeable(key);
      Inode inode = find.apply(key.file());
      InodeImage image = inode.image();
      if (!image.regular() && image.type() != FileType.SYMLINK) {
        throw new FileException(FileError.INVALID, "only files and links are frozen");
      }
      place(inode, true, places);
    }
    return new ArrayList<>(places.values());
  }

  private void place(Inode file, boolean member, Map<Long, Place> places) {
    Inode at = file;
    while (!places.containsKey(at.id)) {
      Links links = at.image().links();
      Inode above = files.live(links.directory(0));
      DirectoryEntry entry = above.entry(links.cookie(0));
      if (entry == null) {
        throw new IllegalStateException("file " + at.id + " is not in directory " + above.id);
      }
      places.put(at.id, new Place(at, above.id, entry.name(), member && at == file));
      at = above;
    }
  }

  CompletableFuture<SnapshotInfo> amend(long id, Map<String, String> labels, byte[] document) {
    check(labels, document);
    room.require();
    admission.admitFlow(Blocks.SIZE + (long) document.length);
    locks.catalogue.lock();
    try {
      SnapshotHead head = requireHead(id);
      Objects.requireNonNull(snapshots.contents(id), "a snapshot has contents");
      long lsn;
      try (Transaction transaction = transactions.begin(Caller.SYSTEM)) {
        transaction.add(new SnapshotAmend(id, labels, document));
        lsn = transaction.commit(null);
      }
      SnapshotHead amended =
          new SnapshotHead(id, head.name(), head.created(), labels, head.files(), head.bytes());
      return transactions.durable(lsn, info(amended, document));
    } finally {
      locks.catalogue.unlock();
    }
  }

  private SnapshotHead requireHead(long id) {
    SnapshotHead head = snapshots.head(id);
    if (head == null) {
      throw new FileException(FileError.NOT_FOUND, "there is no snapshot " + id);
    }
    return head;
  }

  CompletableFuture<Void> delete(long id) {
    room.require();
    admission.admitFlow(Blocks.SIZE);
    locks.catalogue.lock();
    try {
      SnapshotHead _ = requireHead(id);
      long lsn;
      try (Transaction transaction = transactions.begin(Caller.SYSTEM)) {
        transaction.add(new SnapshotDrop(id));
        lsn = transaction.commit(null);
        view.changed(transaction.now());
      }
      return transactions.durable(lsn, true).thenAccept(_ -> {});
    } finally {
      locks.catalogue.unlock();
    }
  }

  /** Several snapshots of one instant: one record with a change for each. */
  CompletableFuture<List<Cut>> cutTogether(List<CutRequest> requests, long startNanos) {
    checkTogether(requests);
    long bytes = 0;
    for (CutRequest request : requests) {
      bytes += request.document().length + 256L * request.files().size();
    }
    room.require();
    admission.admitFlow(bytes);
    locks.catalogue.lock();
    try {
      List<Long> own = own(requests);
      long stamp = locks.namespace.readLock();
      try {
        List<List<Place>> places = new ArrayList<>(requests.size());
        for (CutRequest request : requests) {
          places.add(places(request, files::live));
        }
        return freezeTogether(own, requests, places, startNanos);
      } finally {
        locks.namespace.unlockRead(stamp);
      }
    } finally {
      locks.catalogue.unlock();
    }
  }

  private static void checkTogether(List<CutRequest> requests) {
    if (requests.isEmpty() || requests.size() > MAX_TOGETHER) {
      throw new FileException(FileError.INVALID, "not 1 to " + MAX_TOGETHER + " snapshots");
    }
    Set<String> names = new HashSet<>();
    Set<FileKey> files = new HashSet<>();
    for (CutRequest request : requests) {
      check(request);
      if (!names.add(request.name())) {
        throw new FileException(FileError.EXISTS, "the same name twice");
      }
      // Machines of one template have its file in common; each snapshot freezes it for itself.
      files.addAll(request.files());
    }
    if (files.size() > MAX_FILES) {
      throw new FileException(FileError.INVALID, "more than " + MAX_FILES + " files");
    }
  }

  private CompletableFuture<List<Cut>> freezeTogether(
      List<Long> own, List<CutRequest> requests, List<List<Place>> places, long startNanos) {
    List<SnapshotHead> heads = new ArrayList<>(requests.size());
    long lsn;
    long now;
    long held = System.nanoTime();
    long stamp = locks.cut.writeLock();
    try {
      now = transactions.clock().now();
      List<Change> puts = new ArrayList<>(requests.size());
      for (int i = 0; i < requests.size(); i++) {
        SnapshotPut put = put(own.get(i), requests.get(i), places.get(i), now);
        heads.add(put.head());
        puts.add(put);
      }
      lsn = transactions.commit(puts, null);
    } finally {
      locks.cut.unlockWrite(stamp);
    }
    long heldNanos = System.nanoTime() - held;
    view.changed(now);
    return transactions
        .durable(lsn, heads)
        .thenApply(done -> cuts(done, requests, heldNanos, System.nanoTime() - startNanos));
  }

  /** One snapshot's change. The cut lock is held. */
  private static SnapshotPut put(long id, CutRequest request, List<Place> places, long now) {
    List<SnapshotNode> nodes = new ArrayList<>(places.size());
    int members = 0;
    long bytes = 0;
    for (Place place : places) {
      InodeImage image = place.inode.image();
      nodes.add(new SnapshotNode(place.inode.id, place.parent, place.name, place.member, image));
      if (place.member) {
        members++;
        bytes += image.size();
      }
    }
    SnapshotHead head = new SnapshotHead(id, request.name(), now, request.labels(), members, bytes);
    return new SnapshotPut(head, request.document(), nodes);
  }
}
