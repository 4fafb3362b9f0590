package org.opendvx.server.guest;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * A guest with its disks, its file systems and its agent. Closing it thaws first, whatever state it
 * is in, and then takes everything down.
 */
public final class LinuxGuest {
  private static final Path MEMORY = Path.of("/dev/shm");

  private final Setup setup;
  private final Deque<Part> parts = new ArrayDeque<>();
  private final List<GuestFileSystem> systems = new ArrayList<>();
  private final Path nonce;
  private Optional<GuestAgent> agent = Optional.empty();

  /** Something to take down. */
  @FunctionalInterface
  private interface Part {
    void close() throws IOException, InterruptedException;
  }

  /**
   * A disk.
   *
   * @param path of its file, with the export in front
   * @param kind {@code ext4} or {@code xfs}
   * @param make whether a new file system is made on it
   */
  public record Disk(String path, String kind, boolean make) {}

  /**
   * What a guest is made of.
   *
   * @param home the source tree, with the agent in it
   * @param folder an empty one, for all files of the guest
   * @param host where NFS is served, with a portmapper
   * @param nonceDelay how long the guest waits before it reads what the hypervisor passes in, for
   *     whoever carries it there
   */
  public record Setup(
      Path home,
      Path folder,
      String host,
      List<Disk> disks,
      GuestMachine machine,
      Duration nonceDelay) {}

  private LinuxGuest(Setup setup) {
    this.setup = setup;
    this.nonce = setup.folder().resolve("nonce");
  }

  /** Why no guest can be played on this machine, empty when one can. */
  public static Optional<String> whyNot() {
    return Tools.missing();
  }

  /** Attaches and mounts everything, and builds the agent; it is neither enrolled nor started. */
  public static LinuxGuest start(Setup setup) throws IOException, InterruptedException {
    LinuxGuest guest = new LinuxGuest(setup);
    try {
      guest.open();
      return guest;
    } catch (IOException | InterruptedException | RuntimeException e) {
      guest.close();
      throw e;
    }
  }

  private void open() throws IOException, InterruptedException {
    Path program = AgentProgram.build(setup.home());
    passNonce("");
    List<GuestDisk> disks = new ArrayList<>();
    for (int i = 0; i < setup.disks().size(); i++) {
      Disk wanted = setup.disks().get(i);
      GuestDisk disk =
          GuestDisk.attach(setup.host(), wanted.path(), setup.folder(), "disk" + (i + 1));
      parts.push(disk::close);
      disks.add(disk);
      GuestFileSystem system =
          GuestFileSystem.mount(
              wanted.kind(), disk, setup.folder().resolve("mnt" + (i + 1)), wanted.make());
      parts.push(system::close);
      systems.add(system);
    }
    Path own = Files.createDirectory(setup.folder().resolve("agent"));
    setup.machine().write(own.resolve("sys"), disks);
    Path memory = Files.createTempDirectory(MEMORY, "dvx-guest-");
    parts.push(() -> delete(memory));
    GuestAgent made =
        new GuestAgent(program, own, memory.resolve("run"), nonce, setup.nonceDelay(), systems);
    agent = Optional.of(made);
    parts.push(this::letGo);
  }

  /** The file systems, in the order of the disks. */
  public List<GuestFileSystem> systems() {
    return List.copyOf(systems);
  }

  /** Its agent. */
  public GuestAgent agent() {
    return agent.orElseThrow();
  }

  /** What the hypervisor passes into the machine. */
  public void passNonce(String value) throws IOException {
    Path next = nonce.resolveSibling("nonce.next");
    Files.writeString(next, value);
    Files.move(next, nonce, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }

  /**
   * Judges the disk of a cut, read out over NFS by a client that is not ours.
   *
   * @param path with the export in front
   * @return the number of the last record in it
   */
  public Judged judge(String path, String kind) throws IOException, InterruptedException {
    return new CutImage(setup.folder(), kind).judge(setup.host(), path);
  }

  /** What a freeze of this file system by {@code fsfreeze} and a plain copy of its disk come to. */
  public Judged reference(GuestFileSystem system) throws IOException, InterruptedException {
    return new CutImage(setup.folder(), system.kind()).reference(system);
  }

  /** Thaws whatever is frozen; returns whether something was. */
  public boolean thawAll() throws IOException, InterruptedException {
    boolean any = false;
    for (GuestFileSystem system : systems) {
      any |= system.thaw();
    }
    return any;
  }

  private void letGo() throws IOException, InterruptedException {
    thawAll();
    agent().kill();
    thawAll();
  }

  private static void delete(Path folder) throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.sorted((a, b) -> b.compareTo(a)).toList()) {
        Files.deleteIfExists(file);
      }
    }
  }

  /** Waits until no write of this guest is held any more, or fails. */
  public static Duration awaitWrites(List<RecordWriter> writers, Duration limit)
      throws IOException, InterruptedException {
    Duration longest = Duration.ZERO;
    for (RecordWriter writer : writers) {
      Duration taken = writer.awaitAfter(writer.acknowledged(), limit);
      longest = taken.compareTo(longest) > 0 ? taken : longest;
    }
    return longest;
  }

  /** Writers on it must have been told to stop, or their writes fail. */
  public synchronized void close() throws IOException, InterruptedException {
    List<Exception> failures = new ArrayList<>();
    while (!parts.isEmpty()) {
      try {
        parts.pop().close();
      } catch (IOException | RuntimeException e) {
        failures.add(e);
      }
    }
    if (!failures.isEmpty()) {
      IOException all = new IOException("the guest could not be taken down: " + failures);
      failures.forEach(all::addSuppressed);
      throw all;
    }
  }
}
