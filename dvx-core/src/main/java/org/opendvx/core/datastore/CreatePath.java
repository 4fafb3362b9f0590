package org.opendvx.core.datastore;

import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.datastore.Change.EntryPut;
import org.opendvx.core.datastore.Datastore.Changed;
import org.opendvx.core.datastore.Datastore.Created;
import org.opendvx.core.datastore.Datastore.Existing;
import org.opendvx.core.datastore.Datastore.NewFile;

/** Makes files, directories and links. Thread-safe. */
final class CreatePath {
  private static final int DEFAULT_MODE = 0600;
  private static final int DEFAULT_DIRECTORY_MODE = 0700;
  private static final int SYMLINK_MODE = 0777;

  private final Files files;
  private final Locks locks;
  private final NameHash hash;
  private final IdRange ids;
  private final NamespacePath namespace;
  private final AttributePath attributes;
  private final Transactions transactions;
  private final Admission admission;

  CreatePath(
      Files files,
      Locks locks,
      NameHash hash,
      IdRange ids,
      NamespacePath namespace,
      AttributePath attributes,
      Transactions transactions,
      Admission admission) {
    this.files = files;
    this.locks = locks;
    this.hash = hash;
    this.ids = ids;
    this.namespace = namespace;
    this.attributes = attributes;
    this.transactions = transactions;
    this.admission = admission;
  }

  CompletableFuture<Created> create(
      Caller caller, FileKey directoryKey, byte[] name, NewFile file, Existing existing) {
    Files.requireChangeable(directoryKey);
    Names.checkChangeable(directoryKey.file(), name);
    check(caller, file);
    Created known = useExisting(caller, directoryKey, name, existing);
    if (known != null) {
      return resized(caller, known, file.change().size());
    }
    admission.admitCreation();
    long stamp = locks.namespace.writeLock();
    try {
      Inode directory = files.directory(directoryKey);
      if (directory.find(hash.bucket(name), name) != null) {
        known = useExisting(caller, directory, name, existing);
      }
      if (known == null) {
        Permissions.requireChangeEntries(caller, directory.image());
        return make(caller, directory, name, file, existing);
      }
    } finally {
      locks.namespace.unlockWrite(stamp);
    }
    return resized(caller, known, file.change().size());
  }

  private static void check(Caller caller, NewFile file) {
    boolean device =
        file.type() == FileType.CHARACTER_DEVICE || file.type() == FileType.BLOCK_DEVICE;
    if (device && !Permissions.root(caller)) {
      throw new FileException(FileError.NOT_PERMITTED, "only root makes devices");
    }
    if (file.type() == FileType.SYMLINK) {
      if (file.symlink().length == 0) {
        throw new FileException(FileError.INVALID, "an empty target");
      }
      if (file.symlink().length > Datastore.MAX_SYMLINK) {
        throw new FileException(FileError.NAME_TOO_LONG, "the target is too long");
      }
    }
    Long size = file.change().size();
    if (size != null && (size < 0 || size > Datastore.MAX_FILE_SIZE)) {
      throw new FileException(FileError.INVALID, "a size of " + size);
    }
  }

  private @Nullable Created useExisting(
      Caller caller, FileKey directoryKey, byte[] name, Existing existing) {
    long stamp = locks.namespace.readLock();
    try {
      return useExisting(caller, files.directory(directoryKey), name, existing);
    } finally {
      locks.namespace.unlockRead(stamp);
    }
  }

  /** The file of a taken name if that is allowed; null when the name is free. */
  private @Nullable Created useExisting(
      Caller caller, Inode directory, byte[] name, Existing existing) {
    Permissions.require(caller, directory.image(), Permissions.EXECUTE);
    DirectoryEntry entry = directory.find(hash.bucket(name), name);
    if (entry == null) {
      return null;
    }
    Inode inode = files.live(entry.file());
    InodeImage image = inode.image();
    boolean usable =
        switch (existing) {
          case Existing.Refuse() -> false;
          case Existing.Use() -> image.regular();
          case Existing.Exclusive(long verifier) ->
              image.regular() && image.verifier() != null && image.verifier() == verifier;
        };
    if (!usable) {
      throw new FileException(FileError.EXISTS, "the name is taken");
    }
    Attributes above = directory.attributes();
    return new Created(
        FileKey.live(inode.id), inode.attributes(), new Changed(above, above), false);
  }

  private CompletableFuture<Created> resized(Caller caller, Created known, @Nullable Long size) {
    if (size == null) {
      return CompletableFuture.completedFuture(known);
    }
    AttributeChange change = new AttributeChange(null, null, null, size, null, null);
    return attributes
        .set(caller, known.key(), change, null)
        .thenApply(changed -> new Created(known.key(), changed.after(), known.directory(), false));
  }

  private CompletableFuture<Created> make(
      Caller caller, Inode directory, byte[] name, NewFile file, Existing existing) {
    long cookie = namespace.freeCookie(directory, name);
    long id = ids.next();
    try (Transaction transaction = transactions.begin(caller)) {
      transaction.lock(directory);
      Attributes before = directory.attributes();
      InodeImage image =
          image(caller, directory.image(), file, transaction.now())
              .withLinks(Links.of(directory.id, cookie));
      if (existing instanceof Existing.Exclusive(long verifier)) {
        image = image.withVerifier(verifier);
      }
      add(transaction, directory, new DirectoryEntry(cookie, name, id, file.type()), image);
      transaction.created(id);
      long lsn = transaction.commit(null);
      Created created =
          new Created(
              FileKey.live(id),
              files.live(id).attributes(),
              new Changed(before, directory.attributes()),
              true);
      return transactions.durable(lsn, created);
    }
  }

  /** Adds a new file and its first name to a transaction. The directory is locked. */
  static void add(
      Transaction transaction, Inode directory, DirectoryEntry entry, InodeImage image) {
    transaction.make(entry.file(), image);
    transaction.add(new EntryPut(directory.id, entry));
    if (image.directory()) {
      InodeImage above = transaction.image(directory);
      transaction.put(directory, above.withSubdirectories(above.subdirectories() + 1));
    }
    NamespacePath.touch(transaction, directory);
  }

  private static InodeImage image(Caller caller, InodeImage directory, NewFile file, long now) {
    AttributeChange change = file.change();
    int uid = change.uid() == null ? caller.uid() : change.uid();
    boolean inherits = (directory.mode() & Permissions.SET_GID) != 0;
    int gid = change.gid() != null ? change.gid() : inherits ? directory.gid() : caller.gid();
    boolean groupAllowed = Permissions.inGroup(caller, gid) || (inherits && gid == directory.gid());
    if (!Permissions.root(caller) && (uid != caller.uid() || !groupAllowed)) {
      throw new FileException(FileError.NOT_PERMITTED, "only root makes files for others");
    }
    int mode = mode(caller, file, gid);
    if (inherits && file.type() == FileType.DIRECTORY) {
      mode |= Permissions.SET_GID;
    }
    InodeImage image = InodeImage.fresh(file.type(), mode, uid, gid, file.device(), now);
    if (file.type() == FileType.SYMLINK) {
      image = image.withSymlink(file.symlink());
    } else if (file.type() == FileType.REGULAR && change.size() != null) {
      image = image.withSize(change.size());
    }
    return image.withTimes(time(change.accessed(), now), time(change.modified(), now), now);
  }

  private static int mode(Caller caller, NewFile file, int gid) {
    if (file.type() == FileType.SYMLINK) {
      return SYMLINK_MODE;
    }
    boolean directory = file.type() == FileType.DIRECTORY;
    Integer given = file.change().mode();
    if (given == null) {
      return directory ? DEFAULT_DIRECTORY_MODE : DEFAULT_MODE;
    }
    int mode = given & Permissions.MODE_MASK;
    boolean foreignGroup = !Permissions.root(caller) && !Permissions.inGroup(caller, gid);
    return foreignGroup && !directory ? mode & ~Permissions.SET_GID : mode;
  }

  private static long time(AttributeChange.@Nullable Time time, long now) {
    return time instanceof AttributeChange.Time.Client(long nanos) ? nanos : now;
  }
}
