package org.opendvx.core.codec;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.EnumSet;
import java.util.HexFormat;
import java.util.Set;
import javax.crypto.SecretKey;
import javax.crypto.spec.SecretKeySpec;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;

/** The 32 random bytes of a key file. */
final class FileKey extends KeyEncryptionKey {
  private static final Set<PosixFilePermission> OWNER_ONLY =
      EnumSet.of(PosixFilePermission.OWNER_READ, PosixFilePermission.OWNER_WRITE);
  private static final Set<PosixFilePermission> OTHERS =
      EnumSet.complementOf(
          EnumSet.of(
              PosixFilePermission.OWNER_READ,
              PosixFilePermission.OWNER_WRITE,
              PosixFilePermission.OWNER_EXECUTE));

  private final byte[] key;

  private FileKey(byte[] key) {
    this.key = key;
  }

  static FileKey read(Path file) {
    try {
      checkRights(file);
      byte[] bytes;
      try (InputStream in = Files.newInputStream(file)) {
        bytes = in.readNBytes(KeyRing.KEY_LENGTH + 1);
      }
      if (bytes.length != KeyRing.KEY_LENGTH) {
        KeyRing.wipe(bytes);
        throw DvxException.of(Kind.INVALID, "This is no key file")
            .cause("a key file has exactly " + KeyRing.KEY_LENGTH + " bytes")
            .remedy("Give the key file that was made with the pool, or a copy of it")
            .detail("file", file)
            .build();
      }
      return new FileKey(bytes);
    } catch (NoSuchFileException e) {
      throw DvxException.of(Kind.NOT_FOUND, "The key file is not there")
          .cause("there is no such file")
          .causedBy(e)
          .remedy("Put the key file of this pool back, or name the place where it is")
          .detail("file", file)
          .build();
    } catch (IOException e) {
      throw DvxException.of(Kind.DENIED, "The key file cannot be read")
          .causedBy(e)
          .remedy("Check its owner and its rights")
          .detail("file", file)
          .build();
    }
  }

  static FileKey create(Path file) {
    Path target = file.toAbsolutePath();
    Path folder = target.getParent();
    if (folder == null) {
      throw notWritten(file, new IOException("it names a folder"));
    }
    byte[] key = KeyRing.random(KeyRing.KEY_LENGTH);
    Path draft =
        folder.resolve(
            "." + target.getFileName() + "." + HexFormat.of().formatHex(KeyRing.random(8)));
    try {
      try {
        writeDurably(draft, key);
        // A hard link, unlike a rename, never replaces a key file that is already there.
        Files.createLink(target, draft);
      } finally {
        Files.deleteIfExists(draft);
      }
      syncFolder(folder);
      return new FileKey(key);
    } catch (FileAlreadyExistsException e) {
      KeyRing.wipe(key);
      throw DvxException.of(Kind.EXISTS, "The key file is already there")
          .cause("a key file is never overwritten: it may be the only key to a pool")
          .causedBy(e)
          .remedy("Use that file, or name another place")
          .detail("file", file)
          .build();
    } catch (IOException | UnsupportedOperationException e) {
      KeyRing.wipe(key);
      throw notWritten(file, e);
    }
  }

  private static void writeDurably(Path draft, byte[] key) throws IOException {
    FileAttribute<?>[] rights =
        isPosix(draft)
            ? new FileAttribute<?>[] {PosixFilePermissions.asFileAttribute(OWNER_ONLY)}
            : new FileAttribute<?>[0];
    try (FileChannel channel =
        FileChannel.open(
            draft, Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE), rights)) {
      ByteBuffer bytes = ByteBuffer.wrap(key);
      while (bytes.hasRemaining()) {
        channel.write(bytes);
      }
      channel.force(true);
    }
  }

  private static void syncFolder(Path folder) throws IOException {
    if (isPosix(folder)) {
      try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
        channel.force(true);
      }
    }
  }

  private static void checkRights(Path file) throws IOException {
    if (!isPosix(file)) {
      return;
    }
    Set<PosixFilePermission> rights = EnumSet.noneOf(PosixFilePermission.class);
    rights.addAll(Files.getPosixFilePermissions(file));
    rights.retainAll(OTHERS);
    if (!rights.isEmpty()) {
      throw DvxException.of(Kind.DENIED, "The key file is open to others")
          .cause("more than its owner has rights on it")
          .remedy("If nobody has copied it, run: chmod 600 " + file)
          .detail("file", file)
          .detail("rights of others", rights)
          .build();
    }
  }

  private static boolean isPosix(Path path) {
    return path.getFileSystem().supportedFileAttributeViews().contains("posix");
  }

  private static DvxException notWritten(Path file, Exception why) {
    return DvxException.of(Kind.INVALID, "The key file cannot be written")
        .causedBy(why)
        .remedy("Name a place in an existing folder that this user may write to")
        .detail("file", file)
        .build();
  }

  @Override
  KeyMethod method() {
    return KeyMethod.KEY_FILE;
  }

  @Override
  SecretKey key(byte[] salt, int rounds) {
    return new SecretKeySpec(key, "AES");
  }

  @Override
  public void close() {
    KeyRing.wipe(key);
  }

  @Override
  public String toString() {
    return "FileKey";
  }
}
