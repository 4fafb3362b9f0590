package org.opendvx.server.node;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.server.api.Json;
import org.opendvx.server.config.DrivesSection;
import org.opendvx.server.security.PrivateFiles;
import org.opendvx.server.service.DriveFolders;

/**
 * The folder in which a node keeps what is its own. One process at a time may have it open; a newer
 * format is refused before anything is touched.
 */
public final class DataFolder implements AutoCloseable {
  private static final int FORMAT = 1;
  private static final int DRIVES = 6;
  private static final int MAX_FORMAT_FILE = 4096;

  private final Path root;
  private final FileChannel channel;
  private final FileLock lock;
  private volatile boolean claimed;

  private DataFolder(Path root, FileChannel channel, FileLock lock) {
    this.root = root;
    this.channel = channel;
    this.lock = lock;
  }

  /**
   * Opens a data folder, making it at the first start.
   *
   * @throws DvxException CONFLICT when another process has it, UNSUPPORTED when it is newer
   */
  public static DataFolder open(Path folder) {
    Path root = folder.toAbsolutePath().normalize();
    PrivateFiles.createFolder(root);
    Path lockFile = root.resolve("lock");
    try {
      FileChannel channel =
          FileChannel.open(
              lockFile,
              Set.of(StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE),
              PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
      try {
        FileLock lock = tryLock(channel);
        if (lock == null) {
          throw taken(root, channel);
        }
        checkFormat(root);
        return new DataFolder(root, channel, lock);
      } catch (IOException | RuntimeException e) {
        channel.close();
        throw e;
      }
    } catch (IOException e) {
      throw DvxException.of(Kind.DENIED, "The data folder cannot be used")
          .causedBy(e)
          .remedy("Check its owner and its rights, or name another one by --data")
          .detail("folder", root)
          .build();
    }
  }

  /** Notes who serves it, for the error of a second process. */
  public void claim() {
    claimed = true;
    try {
      note(channel, Long.toString(ProcessHandle.current().pid()));
    } catch (IOException e) {
      throw DvxException.of(Kind.INTERNAL, "The data folder cannot be written")
          .causedBy(e)
          .remedy("Check that its file system has room")
          .detail("folder", root)
          .build();
    }
  }

  /** The folder itself, absolute. */
  public Path root() {
    return root;
  }

  /** The generated key file. */
  public Path keyFile() {
    return root.resolve("keys").resolve("pool.key");
  }

  /** The generated certificate. */
  public Path certificate() {
    return root.resolve("tls").resolve("certificate.pem");
  }

  /** The private key of the generated certificate. */
  public Path privateKey() {
    return root.resolve("tls").resolve("private-key.pem");
  }

  /** The first administrator's token. */
  public Path firstToken() {
    return firstToken(root);
  }

  /** The first administrator's token of a data folder. */
  public static Path firstToken(Path root) {
    return root.resolve("admin.token");
  }

  /** The tokens' hashes. */
  public Path tokens() {
    return root.resolve("tokens.json");
  }

  /** Connections to virtualisation managers. */
  public Path hypervisors() {
    return root.resolve("hypervisors.json");
  }

  /** What snapshots do about guests. */
  public Path policies() {
    return root.resolve("policies.json");
  }

  /** Passwords. */
  public Path secrets() {
    return root.resolve("secrets");
  }

  /** How a running node is reached. */
  public Path nodeFile() {
    return nodeFile(root);
  }

  /** How the running node of a data folder is reached. */
  public static Path nodeFile(Path root) {
    return root.resolve("node.json");
  }

  /** Where drives are looked for. */
  public DriveFolders driveFolders(DrivesSection section) {
    return new DriveFolders(
        root, section.folders().isEmpty() ? defaultDrives() : section.folders());
  }

  /** The drive folders of the embedded default. */
  public List<Path> defaultDrives() {
    return IntStream.rangeClosed(1, DRIVES).mapToObj(i -> root.resolve("drive" + i)).toList();
  }

  /** Gives the folder free. */
  @Override
  public void close() {
    try {
      if (claimed) {
        Files.deleteIfExists(nodeFile());
      }
      lock.release();
      channel.close();
    } catch (IOException e) {
      throw DvxException.of(Kind.INTERNAL, "The data folder does not close")
          .causedBy(e)
          .remedy("Nothing is lost; look at the file system")
          .detail("folder", root)
          .build();
    }
  }

  private static @Nullable FileLock tryLock(FileChannel channel) throws IOException {
    try {
      return channel.tryLock();
    } catch (OverlappingFileLockException e) {
      // Held within this very process.
      return null;
    }
  }

  private static DvxException taken(Path root, FileChannel channel) throws IOException {
    ByteBuffer text = ByteBuffer.allocate(32);
    channel.read(text, 0);
    String pid = new String(text.array(), 0, text.position(), StandardCharsets.UTF_8).strip();
    return DvxException.of(Kind.CONFLICT, "The data folder is in use")
        .cause("Another process serves it" + (pid.isEmpty() ? "" : ": process " + pid))
        .remedy("Stop that process, or name another folder by --data")
        .detail("folder", root)
        .build();
  }

  private static void note(FileChannel channel, String text) throws IOException {
    channel.truncate(0);
    channel.write(ByteBuffer.wrap((text + "\n").getBytes(StandardCharsets.UTF_8)), 0);
  }

  private static void checkFormat(Path root) throws IOException {
    Path file = root.resolve("format.json");
    ObjectMapper json = Json.lenient();
    if (!Files.exists(file)) {
      PrivateFiles.write(file, ("{\"format\":" + FORMAT + "}\n").getBytes(StandardCharsets.UTF_8));
      return;
    }
    JsonNode content = json.readTree(PrivateFiles.read(file, MAX_FORMAT_FILE));
    int format = content.path("format").asInt(0);
    if (format > FORMAT) {
      throw DvxException.of(Kind.UNSUPPORTED, "The data folder is of an unknown format")
          .cause("A newer version of the program made it")
          .remedy("Use that version or a newer one; nothing was changed")
          .detail("folder", root)
          .detail("format", format)
          .detail("known format", FORMAT)
          .build();
    }
    if (format < 1) {
      throw DvxException.of(Kind.CORRUPT, "The data folder's format cannot be read")
          .cause("The file is damaged")
          .remedy("Put a copy back, or name the right folder by --data")
          .detail("file", file)
          .build();
    }
  }
}
